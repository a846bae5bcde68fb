// Tensors out of storages and numbers, with every bound checked: what the names in checkpoints that
// stand for tensors and NumPy arrays need.
#pragma once

#include "io/pickle.h"

namespace pharos::io {

// The dtype of "float32" or of "torch.float32"; false where there is none that tensors hold.
bool dtype_of_python_name(const std::string& name, c10::ScalarType& out);
// The dtype of "FloatStorage"; untyped storages count as bytes.
bool dtype_of_storage_class(const std::string& name, c10::ScalarType& out);

// A storage as a value with the dtype that its class has.
IValue make_storage(const at::Storage& storage, c10::ScalarType dtype);
bool is_storage(const IValue& v, at::Storage& storage, c10::ScalarType& dtype);

// Throws where the tensor would reach outside its storage.
at::Tensor tensor_on(const at::Storage& storage, c10::ScalarType dtype, int64_t offset,
                     c10::IntArrayRef sizes, c10::IntArrayRef strides);

// Tensors' rebuild functions; `out` stays as it is and the result is false where this is none.
bool build_tensor(const std::string& name, const std::vector<IValue>& args, Budget& budget,
                  IValue& out);
// The same for NumPy's.
bool build_numpy(const std::string& name, const std::vector<IValue>& args, Budget& budget,
                 IValue& out);
bool numpy_array(const IValue& state, Budget& budget, IValue& out);
// The text of bytes, bytearray or str; else null.
const std::string* bytes_of(const IValue& v);

// Reverses the bytes of each element, of each half of complex ones.
void swap_bytes(void* data, size_t nbytes, c10::ScalarType dtype);

// Bytes that are no bool stand for true: C++ knows no third one.
void normalise_bools(void* data, size_t n);

}  // namespace pharos::io

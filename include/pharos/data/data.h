// Everything about data: loaders, datasets, samplers, transforms, random state, nested values.
#pragma once

#include <pharos/data/dataloader.h>
#include <pharos/nested.h>
#include <pharos/random.h>

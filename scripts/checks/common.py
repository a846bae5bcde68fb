"""What the checks share: the repository's files, and one way to end.

Each check prints one line when all is well, one line per finding otherwise, and says so when what
it looks at does not exist yet.
"""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tracked(*suffixes):
    """Files of the work tree with one of these suffixes that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = (pathlib.Path(line) for line in listed.splitlines())
    return sorted(p for p in paths if p.suffix in suffixes and (ROOT / p).is_file())


def table(path):
    """Rows of a tab-separated table; empty lines and # comments are left out."""
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.split("\t")


def skip(check, why):
    print(f"{check}: skipped, {why}")
    sys.exit(0)


def finish(check, findings, summary):
    """Ends the program: status 1 with a line per finding, or 0 with the summary."""
    for finding in findings:
        print(f"{check}: {finding}")
    if findings:
        print(f"{check}: FAILED, {len(findings)} finding(s)")
        sys.exit(1)
    print(f"{check}: {summary}")
    sys.exit(0)

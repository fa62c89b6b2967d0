#!/usr/bin/env bash
# bless.sh: takes what nncc says about tests/bad/*.xml now as what it shall say.
# Read `git diff tests/bad` afterwards: every line of it is a message that people will see.
set -eu
cd "$(dirname "$0")/.."
make build/tests/test_bad
BLESS=1 build/tests/test_bad --filter bad/says_exactly_this

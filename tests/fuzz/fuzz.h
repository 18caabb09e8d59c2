/* What every fuzz target has: the entry point, and a check that stops the run. */
#ifndef ATOLL_TESTS_FUZZ_FUZZ_H
#define ATOLL_TESTS_FUZZ_FUZZ_H

#include "base/arena.h"
#include "base/bug.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif

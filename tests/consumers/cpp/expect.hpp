// SPDX-License-Identifier: Apache-2.0
// What the programs of this folder share: what must hold, and what a function of the host threw.
#ifndef INCLOAD_TESTS_CONSUMERS_CPP_EXPECT_HPP
#define INCLOAD_TESTS_CONSUMERS_CPP_EXPECT_HPP

#include <exception>
#include <iostream>

namespace {

int failures = 0;

void expect(bool holds, const char *what)
{
    if (!holds) {
        std::cerr << "not so: " << what << '\n';
        failures++;
    }
}

template <class Exception>
bool is(const std::exception_ptr &origin)
{
    try {
        if (origin)
            std::rethrow_exception(origin);
    } catch (const Exception &) {
        return true;
    } catch (...) {
    }
    return false;
}

} // namespace

#endif // INCLOAD_TESTS_CONSUMERS_CPP_EXPECT_HPP

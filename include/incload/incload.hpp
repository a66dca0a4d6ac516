// SPDX-License-Identifier: Apache-2.0
/**
 * @file incload.hpp
 * @brief The library from C++17: handles that move, exceptions, and lambdas where C has function pointers.
 *
 * Nothing here is compiled into the library: every function calls the C function of the same name, whose header tells
 * its errors, threads and blocking. An error is thrown as incload::error. A function of the host that throws fails its
 * unit alone; what it threw is error::origin().
 */
#ifndef INCLOAD_INCLOAD_HPP
#define INCLOAD_INCLOAD_HPP

#include <incload/core.hpp>
#include <incload/follow.hpp>
#include <incload/load.hpp>
#include <incload/look.hpp>

#endif // INCLOAD_INCLOAD_HPP

/* SPDX-License-Identifier: Apache-2.0 */
/* What the binding declares: everything that the library's headers do, and nothing of the system's, which stand above
 * the line that make_binding.py looks for. */
#include <stddef.h>
#include <stdint.h>
int incload_declarations_begin_here;
#include <incload/incload.h>
#include <incload/mock.h>

/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what landed elsewhere meanwhile keeps a unit from landing. It always does, but in the workers of the fault
 * program chaos that show what happens without: they compile the files that ask for this anew. */
#ifndef INCLOAD_LIB_STATE_FENCE_H
#define INCLOAD_LIB_STATE_FENCE_H

#ifdef INCLOAD__TEST_NO_FENCE
enum { INCLOAD__FENCED = 0 };
#else
enum { INCLOAD__FENCED = 1 };
#endif

#endif

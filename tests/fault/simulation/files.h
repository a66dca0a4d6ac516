/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INCLOAD_TESTS_FAULT_SIMULATION_FILES_H
#define INCLOAD_TESTS_FAULT_SIMULATION_FILES_H

#include <sqlite3.h>

/* From then on "/name" is a database in memory. */
void files_install(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file incload.h
 * @brief Everything of libincload but the mock database (`incload/mock.h`). Start with base.h for the conventions.
 */
#ifndef INCLOAD_INCLOAD_H
#define INCLOAD_INCLOAD_H

#include <incload/advice.h>
#include <incload/arrow.h>
#include <incload/backfill.h>
#include <incload/base.h>
#include <incload/batch.h>
#include <incload/call.h>
#include <incload/capture.h>
#include <incload/changes.h>
#include <incload/context.h>
#include <incload/database.h>
#include <incload/debezium.h>
#include <incload/error.h>
#include <incload/event.h>
#include <incload/history.h>
#include <incload/option.h>
#include <incload/pipeline.h>
#include <incload/plan.h>
#include <incload/report.h>
#include <incload/run.h>
#include <incload/step.h>
#include <incload/strategy.h>
#include <incload/stream.h>
#include <incload/unit.h>
#include <incload/verify.h>
#include <incload/watermark.h>

#endif /* INCLOAD_INCLOAD_H */

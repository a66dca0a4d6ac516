# SPDX-License-Identifier: Apache-2.0
"""The library by ctypes alone, as any foreign-function interface sees it: names.py LIBRARY.so"""
import ctypes
import sys

library = ctypes.CDLL(sys.argv[1])
library.incload_status_count.restype = ctypes.c_int32
library.incload_status_code.argtypes = [ctypes.c_int32]
library.incload_status_code.restype = ctypes.c_int32
library.incload_status_name.argtypes = [ctypes.c_int32]
library.incload_status_name.restype = ctypes.c_char_p
library.incload_error_unref.argtypes = [ctypes.c_void_p]
library.incload_error_unref.restype = None
library.incload_error_message.argtypes = [ctypes.c_void_p]
library.incload_error_message.restype = ctypes.c_char_p

codes = [library.incload_status_code(index) for index in range(library.incload_status_count())]
names = {library.incload_status_name(code).decode() for code in codes}
library.incload_error_unref(None)
print(len(names), "statuses")
sys.exit(not (len(codes) == len(names) > 10 and library.incload_error_message(None) == b""))

# MTASYNC_64_BITS
# Refuses a machine on which sizes, times and offsets in files have less than
# 64 bits: nobody tries the program there.
AC_DEFUN([MTASYNC_64_BITS], [
	AC_MSG_CHECKING([whether sizes, times and offsets have 64 bits])
	AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
		#include <sys/types.h>
		char size[sizeof(size_t) >= 8 ? 1 : -1];
		char time[sizeof(time_t) >= 8 ? 1 : -1];
		char offset[sizeof(off_t) >= 8 ? 1 : -1];
	]])], [AC_MSG_RESULT([yes])],
	    [AC_MSG_RESULT([no])
	    AC_MSG_ERROR([mtasync needs a 64-bit machine, and $CC builds for another])])
])

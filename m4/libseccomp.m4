# MTASYNC_LIBSECCOMP
# With libseccomp, the build makes filters of system calls for the server's
# threads; HAVE_LIBSECCOMP says so, and else FILTERS_MISSING why not. It is used
# where it is there, unless the build is for another machine, for which nothing
# can be made here, or for a kind of machine on which nobody has tried what the
# filters let through: there the C library may ask for other calls, and clients
# would get no answer. mtasync_cv_filters_tried=yes has it tried.
AC_DEFUN([MTASYNC_LIBSECCOMP], [
	AC_ARG_WITH([libseccomp],
	    [AS_HELP_STRING([--without-libseccomp],
	        [make no filters of system calls])],
	    [], [with_libseccomp=auto])
	MTASYNC_FILTERS_TRIED
	AS_IF([test "$with_libseccomp" = no],
	    [mtasync_filters_missing="a build without libseccomp has no filters"],
	    [test "$cross_compiling" = yes],
	    [mtasync_filters_missing="a build for another machine has no filters"],
	    [test $mtasync_cv_filters_tried = no],
	    [mtasync_filters_missing="there are no filters for this kind of machine"])
	AS_IF([test "$with_libseccomp" = yes && test "$mtasync_filters_missing"],
	    [AC_MSG_ERROR([$mtasync_filters_missing])],
	    [test "$with_libseccomp" = auto && test "$mtasync_filters_missing"],
	    [AC_MSG_WARN([$mtasync_filters_missing])
	    with_libseccomp=no])
	AS_IF([test "$with_libseccomp" != no], [
		PKG_CHECK_MODULES([SECCOMP], [libseccomp >= 2.5],
		    [have_libseccomp=yes
		    AC_DEFINE([HAVE_LIBSECCOMP], [1], [to make filters])],
		    [AS_IF([test "$with_libseccomp" = yes],
		        [AC_MSG_ERROR([libseccomp 2.5 is missing (Debian: apt-get install libseccomp-dev)])])
		    mtasync_filters_missing="a build without libseccomp has no filters"])
	])
	AC_DEFINE_UNQUOTED([FILTERS_MISSING], ["$mtasync_filters_missing"],
	    [Why a build has no filters, where it has none.])
	AM_CONDITIONAL([HAVE_LIBSECCOMP], [test "$have_libseccomp" = yes])
])

# MTASYNC_FILTERS_TRIED
# Whether src/make_filters.c was tried on this kind of machine. s390x can have
# no such filters: its mmap(2) has its arguments in memory, where no filter can
# see whether code is to be mapped, and so have its calls on sockets.
AC_DEFUN([MTASYNC_FILTERS_TRIED], [
	AC_CACHE_CHECK([whether filters were tried on this kind of machine],
	    [mtasync_cv_filters_tried],
	    [AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
		#if defined __x86_64__ || \
		    (defined __aarch64__ && defined __AARCH64EL__) || \
		    (defined __powerpc64__ && defined __LITTLE_ENDIAN__) || \
		    (defined __riscv && __riscv_xlen == 64)
		#else
		#error no
		#endif
	]])], [mtasync_cv_filters_tried=yes], [mtasync_cv_filters_tried=no])])
])

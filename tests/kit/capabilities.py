"""What capabilities(7) a program is started without."""

import ctypes
import os

PR_CAPBSET_DROP = 24
LIBC = ctypes.CDLL(None, use_errno=True)


def without_capabilities(*numbers):
    """
    A preexec_fn that takes capabilities(7) from what is executed, so that
    even root is refused what others are refused.
    """

    def drop():
        for number in numbers if os.geteuid() == 0 else ():
            if LIBC.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "PR_CAPBSET_DROP")

    return drop


# CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: permission bits count again.
obey_modes = without_capabilities(1, 2)

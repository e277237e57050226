"""What the kernel knows of one TCP connection, by sock_diag(7)."""

import errno
import os
import socket
import struct

NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY = 4, 20
NLM_F_REQUEST, NLMSG_ERROR = 1, 2
HEADER = struct.Struct("=IHHII")  # nlmsghdr
# inet_diag_req_v2, in which the addresses are in network order
ASKED = struct.Struct("=BBBBI 2s2s16s16sIII")
TOLD = struct.Struct("=56xI8xI")  # inet_diag_msg: unread, inode
ANY_STATE, NO_COOKIE = 0xFFFFFFFF, 0xFFFFFFFF


def unread_and_inode(local, peer):
    """
    Of the IPv4 socket with these two ends: the bytes that nobody has read, and
    the inode, which is 0 until it is accepted. None where there is no such one.
    """
    ends = [struct.pack(">H", port) for _, port in (local, peer)]
    ends += [socket.inet_aton(host) for host, _ in (local, peer)]
    asked = ASKED.pack(
        *(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, ANY_STATE),
        *(*ends, 0, NO_COOKIE, NO_COOKIE),
    )
    size = HEADER.size + len(asked)
    head = HEADER.pack(size, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0)
    with socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG
    ) as netlink:
        netlink.send(head + asked)
        told = netlink.recv(4096)
    if HEADER.unpack_from(told)[1] == NLMSG_ERROR:
        error = -struct.unpack_from("=i", told, HEADER.size)[0]
        if error == errno.ENOENT:
            return None
        raise OSError(error, os.strerror(error))
    return TOLD.unpack_from(told, HEADER.size)

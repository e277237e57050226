/*
 * attempts: what confined threads try, for test_roles. Each returns what its
 * system call does, -1 with errno where that is refused.
 */
#ifndef MTASYNC_TESTS_ATTEMPTS_H
#define MTASYNC_TESTS_ATTEMPTS_H

/* Makes and takes away what they need, before and after anything is refused. */
void attempts_enter(void);
void attempts_leave(void);

long try_exec(void);
long try_fork(void);
long try_thread(void);
long try_ptrace(void);
long try_signal_another(void);
long try_signal_oneself(void);
long try_tcp_socket(void);
long try_unix_socket(void);
long try_netlink_socket(void);
long try_tcp_bind(void);
long try_tcp_connect(void);
long try_send(void);
long try_finish(void);
long try_refuse(void);
long try_shut_down(void);
long try_reset(void);
long try_share_port(void);
long try_receive(void);
long try_look(void);
long try_read(void);
long try_write(void);
long try_create(void);
long try_list(void);
long try_read_beneath(void);
long try_write_beneath(void);
long try_truncate(void);
long try_mkdir(void);
long try_unlink(void);
long try_rename(void);
long try_symlink(void);
long try_chmod(void);
long try_map_memory(void);
long try_map_code(void);
long try_make_code(void);
long try_sleep(void);
long try_setuid(void);
long try_chroot(void);

#endif

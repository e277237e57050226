/*
 * Preloaded into a program, it makes the lookup of a host or a user take for
 * ever, as it does where a name server no longer answers. It says so on standard
 * error first.
 */
#include "config.h"

#include <netdb.h>
#include <pwd.h>
#include <unistd.h>

static _Noreturn void
wait_for_ever(void)
{
	static const char said[] = "looking up\n";

	(void)!write(STDERR_FILENO, said, sizeof(said) - 1);
	for (;;)
		(void)pause();
}

int
getaddrinfo(const char *name, const char *service, const struct addrinfo *req,
    struct addrinfo **pai)
{
	(void)name;
	(void)service;
	(void)req;
	(void)pai;
	wait_for_ever();
}

struct passwd *
getpwnam(const char *name)
{
	(void)name;
	wait_for_ever();
}

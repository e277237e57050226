/*
 * dashboard: the page by which an operator watches and steers the server. The build
 * makes bytes of dashboard.html; they are plain ASCII, without a zero at the end. Any
 * thread.
 *
 * It asks for nothing but the paths of the admin listener, and may be given to
 * anybody: what needs a token, it asks the operator for one.
 */
#ifndef MTASYNC_ADMIN_DASHBOARD_H
#define MTASYNC_ADMIN_DASHBOARD_H

#include <stddef.h>

extern const char admin_dashboard[];
extern const size_t admin_dashboard_size; /* in bytes */

#endif

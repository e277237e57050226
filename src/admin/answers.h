/* answers: what the operator's paths answer, a function for each. The thread that
 * answers. */
#ifndef MTASYNC_ADMIN_ANSWERS_H
#define MTASYNC_ADMIN_ANSWERS_H

#include "admin/admin.h"
#include "app/route.h"

void answers_metrics(struct admin *admin, const struct app_request *request,
    struct answer *answer);
void answers_healthz(struct admin *admin, const struct app_request *request,
    struct answer *answer);
void answers_readyz(struct admin *admin, const struct app_request *request,
    struct answer *answer);
void answers_workers(struct admin *admin, const struct app_request *request,
    struct answer *answer);

void answers_events(struct admin *admin, const struct app_request *request,
    struct answer *answer);

void answers_rules(struct admin *admin, const struct app_request *request,
    struct answer *answer);

void answers_requests(struct admin *admin, const struct app_request *request,
    struct answer *answer);

void answers_sleepers(struct admin *admin, const struct app_request *request,
    struct answer *answer);

void answers_dashboard(struct admin *admin, const struct app_request *request,
    struct answer *answer);
void answers_config(struct admin *admin, const struct app_request *request,
    struct answer *answer);

/* Makes a document the answer; NULL: memory is short. */
void answers_use(struct answer *answer, struct document *document);

#endif

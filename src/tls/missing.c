/* What there is of TLS in a build without OpenSSL: that it is missing. Nobody
 * comes to the other functions, since there is no material. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "tls/built.h"
#include "tls/keys.h"
#include "tls/library.h"
#include "tls/material.h"
#include "tls/tls.h"

bool
tls_is_built(void)
{
	return false;
}

void
tls_describe_library(char *text, size_t room)
{
	snprintf(text, room, "none");
}

struct tls_material *
tls_material_read(const struct tls_config *config,
    const struct tls_material *before, time_t now, struct text *fault)
{
	(void)config;
	(void)before;
	(void)now;
	text_put(fault, "TLS: " TLS_MISSING);
	return NULL;
}

void
tls_material_free(struct tls_material *material)
{
	(void)material;
}

int
tls_material_turn(struct tls_material *material, time_t now)
{
	(void)material;
	(void)now;
	abort();
}

const struct tls_certificate *
tls_material_certificates(const struct tls_material *material, size_t *count)
{
	(void)material;
	(void)count;
	abort();
}

const struct tls_notice *
tls_material_notices(const struct tls_material *material, size_t *count)
{
	(void)material;
	(void)count;
	abort();
}

int
tls_material_write_ca(const struct tls_material *material, const char *path)
{
	(void)material;
	(void)path;
	abort();
}

struct tls_library *
tls_library_new(void)
{
	return NULL;
}

void
tls_library_free(struct tls_library *library)
{
	(void)library;
}

struct tls_keys *
tls_keys_new(struct tls_library *library, const struct tls_material *material,
    struct text *fault)
{
	(void)library;
	(void)material;
	(void)fault;
	abort();
}

bool
tls_keys_tell(const struct tls_keys *keys, size_t number, time_t now,
    struct tls_certificate *told)
{
	(void)keys;
	(void)number;
	(void)now;
	(void)told;
	abort();
}

struct tls_keys *
tls_keys_hold(struct tls_keys *keys)
{
	(void)keys;
	abort();
}

void
tls_keys_release(struct tls_keys *keys)
{
	(void)keys;
}

struct tls *
tls_new(struct tls_keys *keys, const struct tls_act *act)
{
	(void)keys;
	(void)act;
	abort();
}

void
tls_free(struct tls *tls)
{
	(void)tls;
}

bool
tls_has_begun(const struct tls *tls)
{
	(void)tls;
	abort();
}

bool
tls_signs_next(const struct tls *tls, const struct tls_turn *turn)
{
	(void)tls;
	(void)turn;
	abort();
}

enum tls_result
tls_shake(struct tls *tls, struct tls_turn *turn)
{
	(void)tls;
	(void)turn;
	abort();
}

enum tls_result
tls_open(struct tls *tls, struct tls_turn *turn, char *plain, size_t room,
    size_t *size)
{
	(void)tls;
	(void)turn;
	(void)plain;
	(void)room;
	(void)size;
	abort();
}

size_t
tls_room(const struct tls *tls, const struct tls_turn *turn)
{
	(void)tls;
	(void)turn;
	abort();
}

size_t
tls_sealed_size(const struct tls *tls, size_t plain)
{
	(void)tls;
	(void)plain;
	abort();
}

int
tls_seal(struct tls *tls, struct tls_turn *turn, struct span plain)
{
	(void)tls;
	(void)turn;
	(void)plain;
	abort();
}

void
tls_end(struct tls *tls, struct tls_turn *turn)
{
	(void)tls;
	(void)turn;
	abort();
}

const struct tls_act *
tls_act(const struct tls *tls)
{
	(void)tls;
	abort();
}

void
tls_tell(const struct tls *tls, struct tls_facts *facts)
{
	(void)tls;
	(void)facts;
	abort();
}

const char *
tls_reason(const struct tls *tls)
{
	(void)tls;
	abort();
}

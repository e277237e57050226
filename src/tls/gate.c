/*
 * The BIO between OpenSSL and a turn's buffers, for all connections of some keys:
 * it hands out whole records only, and takes whatever it is given. The worker's
 * thread.
 *
 * OpenSSL puts a buffer of its own in front of it during a handshake, and notes
 * that one in it (BIO_push(3)); of several handshakes at a time, the last one's
 * stays, which nobody follows.
 */
#include "config.h"

#include <string.h>

#include <openssl/bio.h>

#include "tls/inside.h"

/* The longest record that one of ours can be: of 1.3 (RFC 8446 5.2). With the
 * ciphers that we take, those of 1.2 are shorter. */
#define GATE_CONTENT_MAX ((size_t)16384 + 256)

/* The version's first byte, of all records. */
#define GATE_MAJOR 3

/* A record of a handshake in clear. */
#define GATE_HANDSHAKE 22

/* A record's head that OpenSSL has to refuse, by an alert: a handshake's in
 * clear, of no length. */
static const char gate_false[TLS_HEAD_SIZE] = { GATE_HANDSHAKE, GATE_MAJOR, 3,
	0, 0 };

/* Returns the bytes at the beginning of `input` that OpenSSL may have: a whole
 * record; or the head alone of what it refuses by that; 0: more are to come. */
static size_t
gate_measure(struct span input)
{
	size_t size;

	if (input.size < TLS_HEAD_SIZE)
		return 0;
	size = (size_t)(unsigned char)input.data[3] << 8 |
	       (unsigned char)input.data[4];
	if (input.data[1] != GATE_MAJOR || size > GATE_CONTENT_MAX)
		return TLS_HEAD_SIZE;
	return input.size - TLS_HEAD_SIZE < size ? 0 : TLS_HEAD_SIZE + size;
}

bool
tls_gate_has_record(const struct tls_turn *turn)
{
	return gate_measure(tls_turn_input(turn)) > 0;
}

/* Makes the next record the one that is read, or refuses it; false: there is
 * none. */
static bool
gate_next(struct tls_gate *gate)
{
	struct span input = tls_turn_input(gate->turn);

	gate->left = gate_measure(input);
	if (gate->left == 0)
		return false;
	gate->turn->records++;
	/* whatever follows such a head is not looked at */
	gate->refused = gate->left == TLS_HEAD_SIZE;
	if (input.data[0] == GATE_HANDSHAKE &&
	    !tls_hello_is_short(gate->tls,
		(struct span){ input.data + TLS_HEAD_SIZE,
		    gate->left - TLS_HEAD_SIZE })) {
		gate->left = 0;
		gate->refused = true;
	}
	return true;
}

static int
gate_read_false(struct tls_gate *gate, char *data, size_t room)
{
	if (room < sizeof(gate_false))
		return -1;
	memcpy(data, gate_false, sizeof(gate_false));
	gate->is_false = false;
	gate->refused = true;
	return (int)sizeof(gate_false);
}

static int
gate_read(BIO *bio, char *data, int room)
{
	struct tls_gate *gate = BIO_get_data(bio);
	struct tls_turn *turn = gate->turn;
	size_t size = (size_t)room;

	BIO_clear_retry_flags(bio);
	if (gate->is_false)
		return gate_read_false(gate, data, size);
	if (gate->left == 0) {
		if (gate->refused)
			return -1;
		if (!gate_next(gate))
			BIO_set_retry_read(bio);
		if (gate->left == 0)
			return -1;
	}
	if (size > gate->left)
		size = gate->left;
	memcpy(data, turn->in + turn->in_start, size);
	turn->in_start += size;
	gate->left -= size;
	return (int)size;
}

static int
gate_write(BIO *bio, const char *data, int size)
{
	struct tls_gate *gate = BIO_get_data(bio);
	struct tls_turn *turn = gate->turn;

	BIO_clear_retry_flags(bio);
	if (size <= 0 || (size_t)size > TLS_TURN_MAX - turn->out_size)
		return -1;
	memcpy(turn->out + turn->out_size, data, (size_t)size);
	turn->out_size += (size_t)size;
	turn->records++;
	return size;
}

static long
gate_control(BIO *bio, int command, long number, void *pointer)
{
	(void)bio;
	(void)number;
	(void)pointer;
	return command == BIO_CTRL_FLUSH;
}

/* The type's number is looked at by nobody; OpenSSL has only 127 to give. */
BIO_METHOD *
tls_gate_method(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | 0x7f, "gate");

	if (method == NULL)
		return NULL;
	BIO_meth_set_read(method, gate_read);
	BIO_meth_set_write(method, gate_write);
	BIO_meth_set_ctrl(method, gate_control);
	return method;
}

int
tls_gate_open(struct tls_gate *gate, OSSL_LIB_CTX *ctx, BIO_METHOD *method)
{
	gate->bio = BIO_new_ex(ctx, method);
	if (gate->bio == NULL)
		return -1;
	BIO_set_data(gate->bio, gate);
	BIO_set_init(gate->bio, 1);
	return 0;
}

void
tls_gate_begin(struct tls_gate *gate, struct tls *tls, struct tls_turn *turn)
{
	gate->tls = tls;
	gate->turn = turn;
	gate->left = 0;
	gate->refused = false;
	gate->is_false = false;
}

/* Those that end a connection in peace are warnings (RFC 8446 6). */
void
tls_gate_alert(struct tls_turn *turn, uint8_t alert)
{
	const char record[] = { 21, GATE_MAJOR, 3, 0, 2,
		alert == 0 || alert == 90 ? 1 : 2, (char)alert };

	if (sizeof(record) > TLS_TURN_MAX - turn->out_size)
		return;
	memcpy(turn->out + turn->out_size, record, sizeof(record));
	turn->out_size += sizeof(record);
}

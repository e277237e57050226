/* Draws by hashing what is drawn: no state, so any thread may at any time. */
#include "config.h"

#include "app/roll.h"

#include <assert.h>

/* S(x, k) of the header. Its steps are invertible, so that the outputs of one
 * x are all different, and each bit of them depends on each of x and k. */
static uint64_t
roll_split(uint64_t x, uint64_t k)
{
	uint64_t z = x + k * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t
roll_key(struct span key)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < key.size; i++)
		hash = (hash ^ (unsigned char)key.data[i]) *
		       UINT64_C(0x100000001b3);
	return hash;
}

uint64_t
roll_bits(const struct roll *roll, enum roll_dimension dimension,
    uint64_t place)
{
	uint64_t stream;

	assert(roll->seed >= 0 && roll->seed <= ROLL_SEED_MAX);
	stream = roll_split(0, (uint64_t)roll->seed * 256 + dimension) ^
		 roll->key;
	return roll_split(roll_split(stream, roll->n), place + 1);
}

uint64_t
roll_below(uint64_t bits, uint64_t count)
{
	return (uint64_t)((unsigned __int128)bits * count >> 64);
}

double
roll_even(uint64_t bits)
{
	return ((double)(bits >> 12) + 0.5) * 0x1p-52;
}

/* sha256.h: SHA-256 (FIPS 180-4). */
#ifndef NN_SHA256_H
#define NN_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct nn_sha256 {
	uint32_t h[8];          /* chaining value; in the end the digest    */
	uint64_t bytes;         /* of the message so far                    */
	unsigned char part[64]; /* the block being filled                   */
} nn_sha256;

void nn_sha256_start(nn_sha256 *s);
void nn_sha256_add(nn_sha256 *s, const void *bytes, size_t count);

/* Finishes; 64 hexadecimal digits and a zero byte. */
void nn_sha256_hex(nn_sha256 *s, char hex[65]);

#endif

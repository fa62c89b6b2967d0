/* net_gen.h: what the parts of the network generator share. See net_gen.c. */
#ifndef NET_GEN_H
#define NET_GEN_H

#include "../compiler/front/model.h"

/* net_gen.c: random numbers from one seed, and trees. */
void seed_with(uint64_t seed);
int below(int n);                              /* uniform in 0 .. n-1                             */
bool chance(int percent);
int one_of(const int *list, int n);
double uniform(void);                          /* in [0,1)                                        */
double normal(void);

Elem *make_elem(Elem *parent, const char *name);   /* appended; parent NULL: a root              */
void set_attr(Elem *e, const char *name, const char *value);   /* replaces or appends             */
void drop_attr(Elem *e, const char *name);
void drop_elem(Elem *e);
void put_xml(const Elem *root, const char *comment);   /* to stdout                               */
Model *accepted(Elem *root);                   /* as the compiler checks it; NULL: it has errors  */

/* net_random.c: a random network. */
Elem *random_network(uint64_t seed);
Elem *integer_network(uint64_t seed);

/* net_crowd.c: a network with `many` readers, inputs, layers or dropouts, as the seed says. */
Elem *crowded_network(uint64_t seed, int many);

/* net_data.c: weights and batches for a network; each returns the program's exit status. */
int write_data(Elem *root, const char *dir, bool whole);
int write_idx(const char *dir, int items, int size, int classes);

/* net_reduce.c: makes one change that makes it simpler; false when there is no change `number`. */
bool reduce(Elem *root, int number);

#endif

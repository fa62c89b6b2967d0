/* checkpoint.h: weights and the state of a training, on disk. See checkpoint.c. */
#ifndef NN_CHECKPOINT_H
#define NN_CHECKPOINT_H

#include "../data/feed.h"
#include "../net/net.h"
#include "../file/safetensors.h"

enum { NN_STATE_PAIRS = 48 + NN_MEANING_PAIRS };

/* Everything about a training but its tensors. */
typedef struct nn_progress {
	uint64_t step;          /* optimizer steps done                                  */
	int64_t epoch;          /* epochs completed                                      */
	int64_t position;       /* items of the current epoch already used               */
	double loss_sum;        /* over these items                                      */
	int64_t correct;        /* of these items                                        */
	double best;            /* best value of the monitored number                    */
	int64_t best_epoch;     /* when; 0: never                                        */
	int64_t waited;         /* epochs since                                          */
	int64_t cuts;           /* plateau: how often the rate was cut                   */
	int64_t plateau_waited; /* plateau: epochs without progress                   */
	double plateau_best;    /* plateau: smallest loss                                */
	int64_t finished;       /* 1: nothing is left to do                              */
	int64_t log_bytes[2];   /* size of log.csv and log.jsonl                        */
	int64_t seed;           /* must be the same to go on; so all below               */
	int64_t batch;          /* images a step                                         */
	int64_t items;          /* of the training part                                  */
	char data[65];          /* fingerprint of the training part                      */
} nn_progress;

typedef struct nn_checkpoint {
	nn_net *net;                   /* whose tensors                                  */
	const nn_normalize *normalize; /* stored with the weights                    */
	const nn_meaning *meaning;     /* likewise: what classes and columns are called  */
	nn_st_tensor *tensor;          /* room for the table of a file                   */
	const nn_tensor **from;        /* the tensor behind each row                     */
	nn_st_writer writer;           /* reused                                         */
	nn_text text;                  /* values of the metadata                         */
	const nn_st_pair *run;         /* what a state says of its run (train_resume.c)  */
	size_t runs;                   /* how many                                       */
} nn_checkpoint;

/* Takes all memory that saving will need. `run` are `runs` pairs that states hold besides; they
 * must stay where they are. */
bool nn_checkpoint_open(nn_checkpoint *c, nn_net *net, const nn_normalize *z, const nn_meaning *m,
                        const nn_st_pair *run, size_t runs, nn_error *e);
void nn_checkpoint_close(nn_checkpoint *c);

/* Weights and running statistics, with what `predict` needs. */
bool nn_save_weights(nn_checkpoint *c, const char *path, nn_error *e);
/* The same into f, which is created for `path` and not committed yet. */
bool nn_put_weights(nn_checkpoint *c, nn_file *f, const char *path, nn_error *e);

/* The same plus optimizer state and progress; what stood under `path` goes to `previous`. */
bool nn_save_state(nn_checkpoint *c, const char *path, const char *previous, const nn_progress *p,
                   nn_error *e);

/* Loads weights of any origin, F32, F64, F16 or BF16: its tensors must be those of the network, by
 * name and shape (PyTorch's num_batches_tracked may be there); if the file says of which
 * architecture it is, it must be this one. Stored normalisation goes to `z` unless NULL. Numbers
 * that are not finite fail with 80. */
bool nn_load_weights(nn_net *net, const char *path, nn_normalize *z, nn_error *e);

/* Opens a state that nn_save_state wrote, and only that. */
bool nn_state_open(nn_safetensors *s, const char *path, nn_error *e);
/* Loads a state that was opened. */
bool nn_state_load(nn_net *net, nn_safetensors *s, nn_normalize *z, nn_progress *p, nn_error *e);
/* Both. */
bool nn_load_state(nn_net *net, const char *path, nn_normalize *z, nn_progress *p, nn_error *e);

/* --weights, then OUT/best.safetensors, then OUT/last.safetensors. */
bool nn_find_weights(const char *given, const char *out, char path[4096], nn_error *e);

#endif

/* npz.h: weights for NumPy. See npz.c. */
#ifndef NN_NPZ_H
#define NN_NPZ_H

#include "net.h"

/* Writes parameters and running statistics under their names, row-major, as numpy.load reads them;
 * atomically. Files of 4 GiB and more are refused with 65. */
bool nn_npz_write(const nn_net *net, const char *path, nn_error *e);

#endif

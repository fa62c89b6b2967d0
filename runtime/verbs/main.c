/* main.c: a trainer is nn_trainer on the network that is linked with it. */
#include "../run/session.h"

int main(int argc, char **argv)
{
	return nn_trainer(&nn_network, argc, argv);
}

/* stop.c: signals. The handlers only set flags, which the training loop reads after each step. */
#include "stop.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t asked, save;

static void on_stop(int signal)
{
	if (asked)
		_exit(128 + signal);
	asked = signal;
}

static void on_save(int signal)
{
	(void)signal;
	save = 1;
}

void nn_stop_watch(bool saves)
{
	struct sigaction action;
	asked = save = 0;
	memset(&action, 0, sizeof action);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL);
	if (!saves)
		sigaction(SIGUSR1, &action, NULL);
	if (!saves)
		return;
	action.sa_handler = on_save;
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR1, &action, NULL);
	action.sa_handler = on_stop;
	action.sa_flags = 0;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int nn_stop_asked(void)
{
	return asked;
}

bool nn_stop_save(void)
{
	bool was = save;
	save = 0;
	return was;
}

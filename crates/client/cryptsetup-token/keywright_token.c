/*
 * cryptsetup's handler for tokens of the type "keywright".
 *
 * It runs inside of cryptsetup and systemd-cryptsetup, as root and early, so there is nothing in it that could be elsewhere: it
 * starts one program by its absolute path, gives it the token, and hands its answer over as the passphrase of a key slot. The
 * program inherits no variable. Two name AWS's own files, in which KMS, Region and access key are.
 *
 *     gcc -shared -fPIC -O2 -Wall -Wextra -Werror -Wl,--version-script=keywright_token.map \
 *         -o libcryptsetup-token-keywright.so keywright_token.c -lcryptsetup
 *
 * The functions are those of <libcryptsetup.h>, "External LUKS2 token plugin handling". It needs glibc 2.34.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libcryptsetup.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef KEYWRIGHT_CLIENT
#define KEYWRIGHT_CLIENT "/usr/bin/keywright-client"
#endif
#ifndef KEYWRIGHT_FOLDER
#define KEYWRIGHT_FOLDER "/etc/keywright-client"
#endif

/* A data key of 1024 bytes, the longest that KMS makes, is shorter in base64. */
#define PASSPHRASE_BYTES_MAX 4096

/* Exit codes of keywright-client that another try may not meet. */
#define NOT_REACHED 69
#define TRY_AGAIN 75

const char *cryptsetup_token_version(void);
int cryptsetup_token_open(struct crypt_device *cd, int token, char **buffer, size_t *buffer_len, void *usrptr);

const char *cryptsetup_token_version(void)
{
	return "1";
}

/* The token in a file of memory, to be read from its beginning. */
static int token_file(const char *json)
{
	size_t length = strlen(json);
	int fd = memfd_create("token", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, json, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) != 0) {
		close(fd);
		return -EIO;
	}
	return fd;
}

/* Starts the program, with no more descriptors than the three. */
static int start(pid_t *pid, int in, int out)
{
	char *arguments[] = { KEYWRIGHT_CLIENT, "volume", "passphrase", NULL };
	char *variables[] = {
		"AWS_CONFIG_FILE=" KEYWRIGHT_FOLDER "/config",
		"AWS_SHARED_CREDENTIALS_FILE=" KEYWRIGHT_FOLDER "/credentials",
		NULL,
	};
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return -r;
	r = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (!r)
		r = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (!r)
		r = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	if (!r)
		r = posix_spawn(pid, KEYWRIGHT_CLIENT, &actions, NULL, arguments, variables);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Reads to the end. Returns the number of bytes; one more than there may be is too long. */
static ssize_t read_all(int fd, char *buffer, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t n = read(fd, buffer + length, size - length);

		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			length += n;
	}
	return length;
}

static int ended_well(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!WIFEXITED(status))
		return -EIO;
	switch (WEXITSTATUS(status)) {
	case 0:
		return 0;
	case NOT_REACHED:
	case TRY_AGAIN:
		return -EAGAIN;
	default:
		return -EPERM;
	}
}

/* The passphrase, in a buffer that libcryptsetup wipes and frees. */
static int ask(int in, char **buffer, size_t *buffer_len)
{
	int pipe_fds[2];
	pid_t pid;
	char *passphrase;
	ssize_t length;
	int r;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	r = start(&pid, in, pipe_fds[1]);
	close(pipe_fds[1]);
	if (r) {
		close(pipe_fds[0]);
		return r;
	}
	passphrase = malloc(PASSPHRASE_BYTES_MAX + 1);
	length = passphrase ? read_all(pipe_fds[0], passphrase, PASSPHRASE_BYTES_MAX + 1) : -ENOMEM;
	close(pipe_fds[0]);
	r = ended_well(pid);
	if (!r && length < 0)
		r = length;
	if (!r && (length == 0 || length > PASSPHRASE_BYTES_MAX))
		r = -EINVAL;
	if (r) {
		if (passphrase)
			explicit_bzero(passphrase, PASSPHRASE_BYTES_MAX + 1);
		free(passphrase);
		return r;
	}
	*buffer = passphrase;
	*buffer_len = length;
	return 0;
}

int cryptsetup_token_open(struct crypt_device *cd, int token, char **buffer, size_t *buffer_len, void *usrptr)
{
	const char *json;
	int in, r;

	(void)usrptr;
	r = crypt_token_json_get(cd, token, &json);
	if (r < 0)
		return r;
	in = token_file(json);
	if (in < 0)
		return in;
	r = ask(in, buffer, buffer_len);
	close(in);
	if (r == -EAGAIN)
		crypt_log(cd, CRYPT_LOG_ERROR, "KMS is not reached: the volume stays closed.\n");
	return r;
}

#!/bin/sh
# Makes a user who may do nothing yet, and prints a profile with the user's access key, to be added to the file that
# AWS_SHARED_CREDENTIALS_FILE names.
set -eu

aws iam create-user --user-name "$1" > /dev/null
key=$(aws iam create-access-key --user-name "$1" --query 'AccessKey.[AccessKeyId,SecretAccessKey]' --output text)
# The shell's own printf: the secret is in no program's arguments.
printf '\n[%s]\naws_access_key_id = %s\naws_secret_access_key = %s\n' "$1" ${key}

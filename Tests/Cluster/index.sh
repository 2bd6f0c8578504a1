#!/bin/bash
# The manifest of Kubernetes is what its schema says, and its commands, run as the controller of an indexed job would run them,
# make the output of the single run, byte for byte.
#   index.sh BINARY FOLDER JOB...
# FOLDER is empty or not there; JOB is a command of swage without its output, which is a GGUF file. PYTHON has PyPI's
# kubernetes-validate (python3).
set -eu
. "$(dirname "$0")/job.sh" kubernetes "$@"
"${PYTHON:-python3}" - "$binary" <<'END'
import os
import random
import subprocess
import sys

import kubernetes_validate
import yaml

parts, finish = yaml.safe_load_all(open("plan.kubernetes.yaml"))
for version in ["1.32", "1.34", "1.37"]:
    for job in [parts, finish]:
        kubernetes_validate.validate(job, version, strict=True)
print("both jobs are valid in Kubernetes 1.32, 1.34 and 1.37")


def run(job, **environment):
    container, = job["spec"]["template"]["spec"]["containers"]
    mount, = container["volumeMounts"]
    assert os.path.samefile(mount["mountPath"], ".") or os.getcwd().startswith(mount["mountPath"])
    # What the kubelet does to commands: $(NAME) of variables that are set, and $$ for $.
    words = [word.replace("$$", "$") for word in container["command"]]
    assert words[0] == "swage"
    subprocess.run([sys.argv[1]] + words[1:], check=True, env=os.environ | environment, cwd="/")


assert parts["spec"]["completionMode"] == "Indexed"
indices = list(range(parts["spec"]["completions"]))
random.shuffle(indices)
for index in indices:
    run(parts, JOB_COMPLETION_INDEX=str(index))
run(finish)
END
cmp single.gguf joined.gguf
echo "the outputs are the same"

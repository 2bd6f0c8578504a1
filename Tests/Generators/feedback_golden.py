"""Codes chosen with error feedback on a plain grid, by GPTQ as it was published (arXiv 2210.17323), in double precision.

Column after column is rounded, and its error is taken off the columns after it by the Cholesky factor of the damped inverse
of H = XᵀX. Rows in which some value comes near the middle between two codes are left out: there single precision may round the
other way.

    python3 Tests/Generators/feedback_golden.py Fixtures/golden/feedback.json
"""

import json
import sys

import numpy as np

COLUMNS, ROWS, STEP, DAMPING = 96, 24, 0.0625, 0.03125

random = np.random.default_rng(5)
mixing = random.normal(size=(COLUMNS, COLUMNS)) * np.geomspace(3, 0.05, COLUMNS)[:, None]
inputs = np.round(random.normal(size=(160, COLUMNS)) @ mixing * 4)
hessian = inputs.T @ inputs
damped = hessian + DAMPING * np.mean(np.diag(hessian)) * np.eye(COLUMNS)
upper = np.linalg.cholesky(np.linalg.inv(damped)).T

weights, codes, errors = [], [], []
while len(weights) < ROWS:
    row = np.round(random.standard_t(5, size=COLUMNS) * 512) / 1024
    left = row.copy()
    chosen = np.zeros(COLUMNS)
    margin = 1.0
    for column in range(COLUMNS):
        exact = left[column] / STEP
        chosen[column] = np.round(exact)
        margin = min(margin, 0.5 - abs(exact - chosen[column]))
        error = (left[column] - chosen[column] * STEP) / upper[column, column]
        left[column:] -= error * upper[column, column:]
    if margin < 1e-3 or np.abs(chosen).max() > 127:
        continue
    difference = row - chosen * STEP
    weights.append(row.tolist())
    codes.append(chosen.astype(int).tolist())
    errors.append(float(difference @ damped @ difference / np.mean(np.diag(hessian))))

with open(sys.argv[1], "w") as file:
    json.dump(
        {
            "columns": COLUMNS, "step": STEP, "damping": DAMPING, "hessian": hessian.astype(int).ravel().tolist(),
            "weights": weights, "codes": codes, "errors": errors,
        }, file)
    file.write("\n")

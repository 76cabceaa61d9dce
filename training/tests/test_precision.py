"""float16 with a gradient scaler. Its wiring runs on CPUs too, where the command line refuses it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mle_sam_train.errors import InputError
from mle_sam_train.model import MleSam
from mle_sam_train.precision import MixedPrecision, check_precision
from mle_sam_train.schedule import Budget
from mle_sam_train.training import Trainer

CPU = torch.device("cpu")


def half_trainer(config, info, train_cache, val_cache, run) -> Trainer:
    torch.manual_seed(3)
    chosen = replace(config, precision="float16")
    return Trainer(MleSam(chosen, info.rig), train_cache, val_cache, run, "experts", Budget(4, None))


@pytest.mark.parametrize(("precision", "kept"), [("float32", False), ("bfloat16", False), ("float16", True)])
def test_only_float16_scales_and_has_a_state(precision, kept) -> None:
    assert bool(MixedPrecision(precision, CPU).state()) is kept


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("float32", torch.float32), ("bfloat16", torch.bfloat16), ("float16", torch.float16)],
)
def test_products_are_computed_in_the_precision(precision, dtype) -> None:
    a = torch.randn(4, 4)
    assert MixedPrecision(precision, CPU).forward(lambda: a @ a).dtype == dtype


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_an_update_is_that_of_plain_clipped_gradients_whatever_the_scale(precision) -> None:
    weights = [torch.nn.Parameter(torch.tensor([3.0, -4.0])) for _ in range(2)]
    optimizers = [torch.optim.SGD([w], lr=0.1) for w in weights]
    mixed = MixedPrecision(precision, CPU)
    mixed.backward((weights[0] ** 2).sum() / 2)  # gradient (3, -4), norm 5
    assert mixed.update(optimizers[0], [weights[0]], clip=1.0, loss=torch.tensor(2.0)) == (True, 2.0)
    weights[1].grad = torch.tensor([0.6, -0.8])
    optimizers[1].step()
    torch.testing.assert_close(weights[0], weights[1])


def test_an_overflow_skips_the_step_and_halves_the_scale() -> None:
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    mixed = MixedPrecision("float16", CPU)
    scale = mixed.scaler.get_scale()
    mixed.backward((weight * 1e38).sum())  # times the scale it leaves float32
    assert not mixed.update(optimizer, [weight], clip=1.0, loss=torch.tensor(2.0))[0]
    assert torch.equal(weight, torch.ones(2))
    assert mixed.scaler.get_scale() == scale / 2


def test_training_in_float16_goes_on_after_a_kill_with_its_scale(
    config, info, train_cache, val_cache, tmp_path
) -> None:
    running = half_trainer(config, info, train_cache, val_cache, tmp_path)
    before = {name: tensor.clone() for name, tensor in running.model.state_dict().items()}
    running.mixed.restore({**running.mixed.state(), "scale": 1024.0})
    for step in range(2):
        running.train_step(running.sampler.batch_at(step))
    changed = [name for name, t in running.model.state_dict().items() if not torch.equal(t, before[name])]
    assert any("expert_up" in name for name in changed)
    running.checkpoint()
    resumed = half_trainer(config, info, train_cache, val_cache, tmp_path)
    assert resumed.mixed.scaler.get_scale() != 1024.0
    resumed.resume()
    assert resumed.mixed.scaler.get_scale() == running.mixed.scaler.get_scale() == 1024.0
    assert resumed.step == 2


def test_float16_is_refused_where_there_is_no_gpu() -> None:
    with pytest.raises(
        InputError, match="Expected precision bfloat16 or float32 on cpu but received float16"
    ):
        check_precision("float16", CPU)
    check_precision("float16", torch.device("cuda"))
    check_precision("bfloat16", CPU)

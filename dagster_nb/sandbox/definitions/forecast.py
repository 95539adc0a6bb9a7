"""A job that users launch with their own run config."""

from enum import Enum

import dagster as dg
from pydantic import Field

from .simulated_work import Table, process, table


class Model(Enum):
    """The models that can be trained."""

    SEASONAL_NAIVE = "seasonal_naive"
    GRADIENT_BOOSTING = "gradient_boosting"
    NEURAL = "neural"


class Split(dg.Config):
    """The split of the history into training and test data."""

    train_days: int = Field(default=365, description="Days to learn from.", gt=0)
    holdout_days: int = Field(default=28, description="Days for evaluation.", gt=0)


class FeatureConfig(dg.Config):
    """The part of the history that the model uses."""

    rows: int = Field(default=20_000, description="Rows to sample.", ge=0)
    split: Split = Split()


class TrainConfig(dg.Config):
    """What to train."""

    target: str = Field(description="The column to forecast.")
    model: Model = Model.GRADIENT_BOOSTING
    epochs: int = Field(default=10, description="Rounds of training.", gt=0, le=500)
    learning_rate: float = 0.1


@dg.op(description="Sample the history.")
def build_features(context: dg.OpExecutionContext, config: FeatureConfig) -> Table:
    """Build the table that the model learns from."""
    process(context, config.rows, what=f"features of {config.split.train_days} days")
    return table("ml.features", config.rows)


@dg.op(description="Train the model.")
def train_model(context: dg.OpExecutionContext, config: TrainConfig, features: Table) -> Table:
    """Train the model, and log the loss of each epoch."""
    for epoch in range(1, config.epochs + 1):
        context.log.debug("epoch %s: loss %.4f", epoch, 1 / (1 + config.learning_rate * epoch))
    process(context, features["rows"], what=f"train {config.model.value} on {config.target}")
    return {**table("ml.model", 1), "target": config.target}


@dg.op(description="Evaluate the model on days that it was not trained on.")
def evaluate_model(context: dg.OpExecutionContext, model: Table, features: Table) -> None:
    """Evaluate the model."""
    process(context, features["rows"] // 10, what=f"evaluate the forecast of {model['target']}")


@dg.job(tags={"team": "ml"}, description="Train the sales forecast. Needs the name of the target column.")
def train_forecast() -> None:
    """Build the features, train the model and evaluate it."""
    features = build_features()
    evaluate_model(train_model(features), features)

"""Trials on other machines, through dask.distributed."""

from competition.evaluation.cluster.executor import Cluster

__all__ = ["Cluster"]

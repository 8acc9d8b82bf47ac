"""Feedback on a sealed key: what authors are told before a competition is closed, and the final scores when it is.

``ladder`` decides whether a public score moves, without effects; ``ledger`` keeps what was handed in, beside the key;
``desk`` takes predictions in; ``closing`` makes the final scores; ``published`` is what of it stands in the repository,
which a board reads without the rest.
"""

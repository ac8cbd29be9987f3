"""What the config says about erasing and keeping, as the policy that judges findings."""

from __future__ import annotations

from mailsorter.config.erasure import Ground
from mailsorter.config.schema import Config
from mailsorter.model.case import Verdict
from mailsorter.model.ground import Basis, CountedFrom, KeepRule, Policy, Signs


def keep_policy(config: Config) -> Policy:
    """The policy of all cases; whether a person objected is for each case to add."""
    month, _, day = config.erasure.financial_year_ends.partition("-")
    return Policy(
        rules=tuple(_rule(ground) for ground in config.ground),
        one_of_many=Verdict(config.erasure.many_recipients),
        mentioned=Verdict(config.erasure.mentioned),
        financial_year_ends=(int(month), int(day)),
        correspondence_days=config.erasure.keep_correspondence,
    )


def _rule(ground: Ground) -> KeepRule:
    return KeepRule(
        code=ground.code,
        basis=Basis(ground.basis),
        article=ground.article,
        years=ground.keep.years,
        days=ground.keep.days,
        counted_from=CountedFrom(ground.counted_from),
        signs=Signs(
            folders=ground.folders,
            subjects=ground.subjects,
            attachments=ground.attachments,
            categories=ground.categories,
            senders=ground.senders,
        ),
        purpose=ground.purpose,
    )

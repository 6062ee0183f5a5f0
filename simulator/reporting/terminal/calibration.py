"""Tables of the fit, the backtest, new figures, early warning and what an answer rests on."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import RenderableType
from rich.text import Text

from simulator.experiments.resting import ALIKE
from simulator.registry import Name
from simulator.reporting import Lang
from simulator.reporting.terminal.tables import SCHEMA_VERSION, Plain, finite, grid, page
from simulator.reporting.wording import (
    amount,
    lines,
    number,
    percent,
    said,
)
from simulator.targets import UNCALIBRATED

if TYPE_CHECKING:
    from simulator.experiments.backtest import Backtest, Score
    from simulator.experiments.calibration import Calibration, Predicted
    from simulator.experiments.deciding import Decided
    from simulator.experiments.early_warning import Rule, Watch
    from simulator.experiments.hinges import Hinges
    from simulator.experiments.inference import Interval
    from simulator.experiments.moments import Moment
    from simulator.experiments.resting import Resting
    from simulator.experiments.update import Update

LEARNED = {
    "moved": Name("数据移动了它", "moved by the figures"),
    "slightly": Name("略有移动", "moved a little"),
    "prior": Name("留在先验", "stayed at its prior"),
}
SMALLEST_SHARE = 0.005
"""A cause below it is shown with the others."""
FEWEST_AGREE = Name("相符成员最少的起点：", "at the origin where fewest agree: ")
SUBJECTS = {
    "software": Name("软件业收入（水平）", "software revenue (level)"),
    "national": Name("全国核心产业（增速）", "national core industry (growth)"),
    "funds": Name("基金链（2025 年）", "fund chain (2025)"),
}


def calibration(found: "Calibration", tested: "Backtest | None", lang: Lang = "both") -> str:
    """What the figures moved and what they did not, recovery, predictions before and after, the verdict."""
    head = Name(
        f"拟合：{found.members} 个成员（种子 {found.seed}），{len(found.facts)} 项公布数，"
        f"等效 {found.effective:.0f} 个成员",
        f"Fit: {found.members} members (seed {found.seed}), {len(found.facts)} figures, worth {found.effective:.0f} "
        "equal members",
    )
    table = grid(
        lang,
        ("left", Name("参数", "parameter")),
        ("right", Name("先验\n90%", "prior\n90%")),
        ("right", Name("拟合后\n90%", "fitted\n90%")),
        ("left", Name("结论", "verdict")),
        ("right", Name("方差\n减少", "variance\ngone")),
        ("right", Name("覆盖\n50/90%", "coverage\n50/90%")),
        ("right", Name("秩检验\np", "ranks\np")),
        keys=[item.name for item in found.learned],
    )
    for item in found.learned:
        name = Text(item.name, style="bold")
        for text in lines(item.meaning, lang):
            name.append("\n" + text, style="dim")
        table.add_row(
            name,
            _span(item.prior),
            _span(item.posterior),
            said(LEARNED[item.verdict], lang),
            percent(max(item.shrinkage, 0.0)),
            f"{item.coverage50:.0%}/{item.coverage90:.0%}",
            f"{item.uniform:.2f}",
        )
    from simulator.experiments.calibration import APART

    parts: list[RenderableType] = [Text(said(head, lang, "\n"), style="bold")]
    parts += [*_rough(found.degree, lang), table]
    parts += [Text(f"{name}: {said(why, lang)}", style="dim") for name, why in APART.items()]
    words = Name(
        f"恢复：{found.held} 个成员轮流充当“现实”，覆盖率应为 50/90 %，秩应均匀。"
        "2024 年基数没有公布值，不参与拟合。",
        f"Recovery: {found.held} members in turn stand in for the world; coverage should be 50/90 %, ranks uniform. "
        "The base value of 2024 was never published and is not fitted.",
    )
    parts += [
        Text(said(words, lang, "\n"), style="dim"),
        "",
        _prediction_table(found.predicted, lang),
    ]
    parts += [
        "",
        Text(said(tested.verdict if tested else UNCALIBRATED, lang, "\n"), style="yellow"),
    ]
    return page(*parts)


def calibration_json(found: "Calibration", tested: "Backtest | None") -> Plain:
    """The fit as one object."""
    return {
        "schema_version": SCHEMA_VERSION,
        "members": found.members,
        "seed": found.seed,
        "effective": found.effective,
        "degree": found.degree,
        "facts": [moment.id for moment in found.facts],
        "replaced_priors": list(found.vintage.replaced),
        "parameters": [
            {
                "name": item.name,
                "meaning": item.meaning._asdict(),
                "unit": item.unit,
                "prior": item.prior._asdict(),
                "posterior": item.posterior._asdict(),
                "verdict": item.verdict,
                "shrinkage": item.shrinkage,
                "coverage50": item.coverage50,
                "coverage90": item.coverage90,
                "rank_test_p": item.uniform,
            }
            for item in found.learned
        ],
        "predictions": [
            {
                "id": item.moment.id,
                "reported": item.moment.value,
                "unit": item.moment.unit,
                "prior": item.prior._asdict(),
                "fitted": item.fitted._asdict(),
                "rank": item.rank,
                "used": item.used,
            }
            for item in found.predicted
        ],
        "verdict": tested.verdict._asdict() if tested else None,
        "standing": tested.standing if tested else None,
    }


def backtest(found: "Backtest", lang: Lang = "both") -> str:
    """Scores by subject and method, forecasts of software revenue, earlier targets, and the verdict."""
    from simulator.experiments.backtest import KINDS, METHODS, VERDICTS, record_of

    parts: list[RenderableType] = []
    for subject in dict.fromkeys(score.subject for score in found.scores):
        table = grid(
            lang,
            ("left", SUBJECTS[subject]),
            ("right", Name("点数", "points")),
            ("right", Name("平均误差", "mean error")),
            ("right", Name("绝对误差", "absolute")),
            ("right", Name("均方根", "RMSE")),
            ("right", Name("CRPS", "CRPS")),
            ("right", Name("技巧", "skill")),
            ("right", Name("覆盖\n50/90%", "coverage\n50/90%")),
        )
        for score in found.scores:
            if score.subject == subject:
                table.add_row(said(METHODS[score.method], lang, "\n"), *_score_cells(score))
        parts += [table, ""]
    note = Name(
        "误差为对数点；技巧 = 1 − 均方根误差/随机游走的均方根误差；点数少且重叠，不作显著性判断。",
        "Errors in log points; skill = 1 − RMSE over the random walk's; points are few and overlap, no significance is "
        "claimed.",
    )
    parts += [Text(said(note, lang, "\n"), style="dim"), "", _forecast_table(found, lang), ""]
    table = grid(
        lang,
        ("left", Name("早先目标", "earlier target")),
        ("right", Name("目标", "goal")),
        ("right", Name("结果", "outcome")),
        ("left", Name("结论", "verdict")),
        keys=[outcome.id for outcome in found.outcomes],
    )
    for outcome in found.outcomes:
        got = "–" if outcome.outcome is None else f"{number(outcome.outcome)}\n{outcome.period}"
        goal = f"{amount(outcome.goal, outcome.unit, lang)}\n{outcome.deadline}"
        table.add_row(
            "\n".join(lines(outcome.name, lang)), goal, got, said(VERDICTS[outcome.verdict], lang)
        )
    parts.append(table)
    for kind, word in KINDS.items():
        met, missed, _ = record_of(kind, found.outcomes)
        if met + missed:
            record = Name(
                f"{word.zh}：{met} 项达到，{missed} 项未达到或很可能未达到",
                f"{word.en}: {met} met, {missed} missed or likely missed",
            )
            parts.append(Text(said(record, lang), style="dim"))
    parts += ["", *_rough(found.degree, lang, FEWEST_AGREE)]
    parts.append(Text(said(found.verdict, lang, "\n"), style="yellow"))
    return page(*parts)


def backtest_json(found: "Backtest") -> Plain:
    """The backtest as one object."""
    return {
        "schema_version": SCHEMA_VERSION,
        "members": found.members,
        "seed": found.seed,
        "standing": found.standing,
        "degree": found.degree,
        "ratio": finite(found.ratio),
        "points": found.points,
        "verdict": found.verdict._asdict(),
        "scores": [asdict(score) for score in found.scores],
        "forecasts": [
            {
                "origin": f.origin.isoformat(),
                "subject": f.subject,
                "figure": f.moment.id,
                "horizon": f.horizon,
                "method": f.method,
                "value": f.value,
                "low": f.low,
                "high": f.high,
                "outcome": f.outcome,
                "error": f.error,
                "crps": f.crps,
                "inside50": f.inside50,
                "inside90": f.inside90,
            }
            for f in found.forecasts
        ],
        "outcomes": [asdict(outcome) for outcome in found.outcomes],
    }


def update(found: "Update", lang: Lang = "both") -> str:
    """What new figures do to the probabilities of a run, and how many members carry the answer."""
    parts: list[RenderableType] = []
    for figure, rank in zip(found.figures, found.surprise, strict=True):
        words = Name(
            f"{figure.series} {figure.year}：{amount(figure.value, figure.unit, 'zh')}（±{figure.sd:.0%}），"
            f"高于 {percent(rank)} 的成员",
            f"{figure.series} {figure.year}: {amount(figure.value, figure.unit, 'en')} (±{figure.sd:.0%}), above "
            f"{percent(rank)} of the members",
        )
        parts.append(Text(said(words, lang, "\n")))
    table = grid(
        lang,
        ("left", Name("目标", "target")),
        ("right", Name("之前", "before")),
        ("right", Name("之后", "after")),
        ("right", Name("之后的\n95% 区间", "95% interval\nof after")),
        ("right", Name("中位数", "median")),
        keys=[shift.key for shift in found.shifts],
    )
    for shift in found.shifts:
        table.add_row(
            "\n".join(lines(shift.name, lang)),
            percent(shift.before),
            Text(percent(shift.after), style="bold"),
            f"{percent(shift.low)}–{percent(shift.high)}",
            f"{number(shift.outcome_before.median)}\n→ {number(shift.outcome_after.median)}",
        )
    worth = Name(
        f"等效成员数 {found.effective:.0f}（共 {found.members}）",
        f"worth {found.effective:.0f} of {found.members} members",
    )
    parts += [table, Text(said(worth, lang), style="bold")]
    if found.needs_rerun:
        warning = Name(
            "等效成员过少，结论靠不住：请增加成员（simulate extend）或在情景中写入该数后重新运行。",
            "Too few members carry this: add members (simulate extend) or make the run again with the figures in its "
            "scenario.",
        )
        parts.append(Text(said(warning, lang, "\n"), style="yellow"))
    return page(*parts)


def update_json(found: "Update") -> Plain:
    """The update as one object."""
    return {
        "schema_version": SCHEMA_VERSION,
        "figures": [asdict(figure) for figure in found.figures],
        "surprise": list(found.surprise),
        "effective": found.effective,
        "members": found.members,
        "needs_rerun": found.needs_rerun,
        "targets": [
            {
                "key": shift.key,
                "name": shift.name._asdict(),
                "before": shift.before,
                "after": shift.after,
                "after_low": shift.low,
                "after_high": shift.high,
                "outcome_before": shift.outcome_before._asdict(),
                "outcome_after": shift.outcome_after._asdict(),
                "unit": shift.unit,
            }
            for shift in found.shifts
        ],
    }


def warnings(found: "Sequence[Watch]", lang: Lang = "both") -> str:
    """For each target the path that leads to it, the level not to fall below, and the observable that tells soonest."""
    parts: list[RenderableType] = []
    for item in found:
        title = Name(
            f"{item.name.zh}（达标概率 {percent(item.chance)}）",
            f"{item.name.en} (chance {percent(item.chance)})",
        )
        parts.append(Text("\n".join(lines(title, lang)), style="bold"))
        if item.reason is not None:
            parts += [Text(said(item.reason, lang), style="dim"), ""]
            continue
        if item.counted is not None:
            parts.append(Text(said(item.counted, lang, "\n"), style="dim"))
        table = grid(
            lang,
            ("left", Name("年份", "year")),
            ("right", Name("达标成员\n5–50–95%", "members that reach it\n5–50–95%")),
            ("left", Name("最灵敏的观测", "sharpest observable")),
            ("right", Name("低于此则\n难以达标", "unlikely\nbelow")),
            ("right", Name("命中", "hits")),
            ("right", Name("误报", "false alarms")),
        )
        for position, year in enumerate(item.years[1:], 1):
            low, middle, high = (item.path[row, position] for row in (0, 2, 4))
            path = f"{number(low)}–{number(middle)}–{number(high)}"
            rule = max(
                (r for r in item.rules if r.year == year), key=lambda r: r.power, default=None
            )
            table.add_row(str(year), path, *_rule_cells(rule, lang))
        parts.append(table)
        if item.soonest is None:
            words = Name(
                "期限前没有一项观测能抓住一半失败而误报不超两成。",
                "Before the deadline no observable catches half of the failures with at most a fifth of false alarms.",
            )
        else:
            rule = item.soonest
            words = Name(
                f"最早看 {rule.year} 年的“{rule.name.zh}”：低于 {amount(rule.threshold, rule.unit, 'zh')}则难以达标"
                f"（命中 {percent(rule.hits)}，误报 {percent(rule.false_alarms)}，由另一半成员检验）",
                f"Soonest: {rule.name.en} of {rule.year}; below {amount(rule.threshold, rule.unit, 'en')} success is "
                f"unlikely (hits {percent(rule.hits)}, false alarms {percent(rule.false_alarms)}, "
                f"judged on the other half)",
            )
        parts += [Text(said(words, lang, "\n")), ""]
    if not found:
        parts.append(Text(said(Name("没有可评估的目标", "no target is scored in this run"), lang)))
    return page(*parts)


def warnings_json(found: "Sequence[Watch]") -> Plain:
    """Early warning as one object."""
    return {
        "schema_version": SCHEMA_VERSION,
        "targets": [
            {
                "key": item.key,
                "name": item.name._asdict(),
                "unit": item.unit,
                "series": item.series,
                "goal": item.goal,
                "chance": item.chance,
                "years": list(item.years),
                "path": [[finite(v) for v in row] for row in item.path.tolist()],
                "rules": [_rule_json(rule) for rule in item.rules],
                "soonest": _rule_json(item.soonest) if item.soonest else None,
                "reason": item.reason._asdict() if item.reason else None,
                "counted": item.counted._asdict() if item.counted else None,
            }
            for item in found
        ],
    }


def resting(found: "Sequence[Resting]", lang: Lang = "both") -> str:
    """What share of each outcome's variance rests on assumed parameters, and on which."""
    table = grid(
        lang,
        ("left", Name("目标", "target")),
        ("right", Name("假定参数\n90%", "assumed\n90%")),
        ("right", Name("有据参数\n90%", "with evidence\n90%")),
        ("right", Name("其余（运气等）\n90%", "the rest (luck)\n90%")),
        ("left", Name("一阶份额最大的参数", "largest first-order shares")),
        keys=[item.key for item in found],
    )
    for item in found:
        first = "\n".join(
            f"{f.name} {percent(f.share.median)} ({percent(f.share.low)}–{percent(f.share.high)})"
            + ("" if f.grade == "assumed" else " *")
            for f in item.first[:3]
        ) or "\n".join(lines(ALIKE, lang))
        table.add_row(
            "\n".join(lines(item.name, lang)),
            *(
                f"{percent(s.median)}\n{percent(s.low)}–{percent(s.high)}"
                for s in (item.assumed, item.evidence, item.luck)
            ),
            first,
        )
        table.add_section()
    note = Name(
        "份额为方差份额（流量取对数），由成员自身的抽样估计，留一法检验；* 为有据参数。"
        "份额为同组参数的可加部分，交互与企业运气在“其余”中。",
        "Shares of variance (of logs for flows), from the members' own draws, checked on members left out; "
        "* has evidence. Additive part of each group; interactions and the luck of firms are in the rest.",
    )
    return page(table, Text(said(note, lang, "\n"), style="dim"))


def resting_json(found: "Sequence[Resting]") -> Plain:
    """The shares as one object."""
    return {
        "schema_version": SCHEMA_VERSION,
        "targets": [
            {
                "key": item.key,
                "name": item.name._asdict(),
                "members": item.members,
                "assumed": item.assumed._asdict(),
                "evidence": item.evidence._asdict(),
                "rest": item.luck._asdict(),
                "first_order": [
                    {"parameter": f.name, "grade": f.grade, **f.share._asdict()} for f in item.first
                ],
            }
            for item in found
        ],
    }


def decided(found: "Sequence[Decided]", lang: Lang = "both") -> str:
    """What decides each outcome: causes in falling order, with the parameters that weigh most in each."""
    parts: list[RenderableType] = []
    for item in found:
        table = grid(
            lang,
            ("right", Name("次序", "rank")),
            ("left", item.name),
            ("right", Name("方差份额\n90%", "share of variance\n90%")),
            ("left", Name("其中", "of which")),
            keys=[item.key],
        )
        shown = [cause for cause in item.causes if cause.share.median >= SMALLEST_SHARE]
        for place, cause in enumerate(shown, 1):
            inside = [
                f"{name} {percent(share)}" for name, share in cause.parameters if share > 0.002
            ]
            table.add_row(
                str(place),
                "\n".join(lines(cause.name, lang)),
                f"{_share(cause.share.median)}\n{_share(cause.share.low)}–{_share(cause.share.high)}",
                "\n".join(inside[:2]) if len(cause.parameters) > 1 else "",
            )
        if left := item.causes[len(shown) :]:
            words = Name(f"其余 {len(left)} 项合计", f"the other {len(left)} together")
            total = sum(cause.share.median for cause in left)
            table.add_row("", "\n".join(lines(words, lang)), _share(total), "")
        parts += [table, ""]
    note = Name(
        "份额之和为一（流量取对数）；由未参与估计的成员检验，无作用的参数平均为零、可略低于零。"
        + _lucky(found).zh,
        "Shares sum to one (of logs for flows); judged on members left out, so that what decides nothing is nought on "
        "average and may come out slightly below. " + _lucky(found).en,
    )
    return page(*parts, Text(said(note, lang, "\n"), style="dim"))


def _lucky(found: "Sequence[Decided]") -> Name:
    if not found or not found[0].repeated:
        return Name(
            "未重复运气：运气与交互合计。", "Luck was not repeated: it stands with interactions."
        )
    return Name(
        f"运气由 {found[0].repeated} 次同参数、异运气的重复得出。",
        f"Luck from {found[0].repeated} repeats of the same parameters with other luck.",
    )


def _share(value: float) -> str:
    return f"{100.0 * value:.1f} %".replace("-", "−")


def decided_json(found: "Sequence[Decided]") -> Plain:
    """What decides, as one object; the shares of a target sum to one."""
    return {
        "schema_version": SCHEMA_VERSION,
        "targets": [
            {
                "key": item.key,
                "name": item.name._asdict(),
                "members": item.members,
                "repeated": item.repeated,
                "causes": [
                    {
                        "key": cause.key,
                        "name": cause.name._asdict(),
                        "share": cause.share.median,
                        "low": cause.share.low,
                        "high": cause.share.high,
                        "parameters": dict(cause.parameters),
                    }
                    for cause in item.causes
                ],
            }
            for item in found
        ],
    }


def hinges(found: "Hinges", lang: Lang = "both") -> str:
    """What the answer hinges on: how far each variant moves the median and the chance."""
    head = Name(
        f"{found.year} 年核心营收：中位数 {number(found.median)}亿元，超过 {number(found.goal)}亿元的概率 "
        f"{percent(found.chance)}（{found.members} 个成员，各变体使用相同抽样；由 {found.fit_members} 个成员"
        "重新拟合，与 simulate run 所用的随附拟合不同）",
        f"Core revenue of {found.year}: median {number(found.median)} 亿元, chance of passing {number(found.goal)} "
        f"亿元 {percent(found.chance)} ({found.members} members, every variant with the same draws; fitted anew from "
        f"{found.fit_members} members, so not the fit that ships with simulate run)",
    )
    table = grid(
        lang,
        ("left", Name("变动", "what is moved")),
        ("right", Name("中位数", "median")),
        ("right", Name("变化", "moves")),
        ("right", Name("概率", "chance")),
        ("right", Name("变化（百分点）\n95% 区间", "moves (points)\n95% interval")),
        keys=[hinge.key for hinge in found.hinges],
    )
    kind = None
    for hinge in found.hinges:
        if kind not in (None, hinge.kind):
            table.add_section()
        kind = hinge.kind
        table.add_row(
            "\n".join(lines(hinge.name, lang)),
            number(hinge.median),
            f"{100.0 * hinge.moved:+.1f} %".replace("-", "−"),
            percent(hinge.chance),
            f"{100.0 * hinge.points:+.1f}\n{100.0 * hinge.low:+.1f}…{100.0 * hinge.high:+.1f}".replace(
                "-", "−"
            ),
        )
    note = Name(
        "去掉的公布数连同其信息一起去掉；加宽一倍的拟合参数与其未加宽的先验相比。",
        "A figure left out takes what it told with it; a fitted parameter made wider is compared with its own prior.",
    )
    return page(
        Text(said(head, lang, "\n"), style="bold"),
        *_rough(found.degree, lang),
        table,
        Text(said(note, lang, "\n"), style="dim"),
    )


def hinges_json(found: "Hinges") -> Plain:
    """What the answer hinges on, as one object."""
    return {"schema_version": SCHEMA_VERSION, **asdict(found)}


def _rough(degree: int, lang: Lang, where: Name | None = None) -> Sequence[RenderableType]:
    """What is said of a fit that few members agree with; nothing of any other."""
    from simulator.experiments.calibration import ROUGH

    if degree not in ROUGH:
        return ()
    words = ROUGH[degree]
    if where is not None:
        words = Name(where.zh + words.zh, where.en + words.en)
    return (Text(said(words, lang, "\n"), style="yellow"),)


def _prediction_table(rows: "Sequence[Predicted]", lang: Lang) -> RenderableType:
    table = grid(
        lang,
        ("left", Name("公布数", "figure")),
        ("right", Name("公布", "reported")),
        ("right", Name("先验预测\n90%", "prior predictive\n90%")),
        ("right", Name("拟合后\n90%", "fitted\n90%")),
        ("right", Name("位次", "rank")),
        ("left", Name("用途", "use")),
    )
    for item in rows:
        use = Name("拟合", "fitted") if item.used else Name("核对", "check")
        table.add_row(
            item.moment.id,
            _value(item.moment, item.moment.value),
            _span(item.prior, item.moment),
            _span(item.fitted, item.moment),
            percent(item.rank),
            said(use, lang),
        )
    return table


def _forecast_table(found: "Backtest", lang: Lang) -> RenderableType:
    table = grid(
        lang,
        ("left", Name("起点", "origin")),
        ("left", Name("公布数", "figure")),
        ("right", Name("结果", "outcome")),
        ("right", Name("模型\n90%", "model\n90%")),
        ("right", Name("随机游走", "random walk")),
    )
    for f in found.forecasts:
        if f.method != "model":
            continue
        walk = next(
            (
                g
                for g in found.forecasts
                if g.method in ("random_walk", "target")
                and (g.origin, g.subject, g.moment.id) == (f.origin, f.subject, f.moment.id)
            ),
            None,
        )
        rate = f.subject == "national"
        shown = percent if rate else number
        table.add_row(
            f.origin.isoformat(),
            f.moment.id,
            shown(f.outcome),
            f"{shown(f.value)}\n{shown(f.low)}–{shown(f.high)}",
            shown(walk.value) if walk else "–",
        )
    return table


def _score_cells(score: "Score") -> tuple[str, ...]:
    coverage = "–"
    if score.coverage50 is not None and score.coverage90 is not None:
        coverage = f"{score.coverage50:.0%}/{score.coverage90:.0%}"
    return (
        str(score.points),
        f"{score.mean_error:+.3f}".replace("-", "−"),
        f"{score.absolute_error:.3f}",
        f"{score.root_square:.3f}",
        "–" if score.crps is None else f"{score.crps:.3f}",
        "–" if score.skill is None else f"{score.skill:+.2f}".replace("-", "−"),
        coverage,
    )


def _rule_cells(rule: "Rule | None", lang: Lang) -> tuple[str, ...]:
    if rule is None:
        return ("–", "–", "–", "–")
    name = "\n".join(lines(rule.name, lang))
    return (
        name,
        amount(rule.threshold, rule.unit, lang),
        percent(rule.hits),
        percent(rule.false_alarms),
    )


def _rule_json(rule: "Rule") -> Plain:
    return {
        "series": rule.series,
        "name": rule.name._asdict(),
        "unit": rule.unit,
        "year": rule.year,
        "threshold": rule.threshold,
        "hits": rule.hits,
        "false_alarms": rule.false_alarms,
        "alarms": rule.alarms,
        "chance_below": rule.chance_below,
    }


def _span(found: "Interval", moment: "Moment | None" = None) -> str:
    middle, low, high = (_value(moment, value) for value in (found.median, found.low, found.high))
    return f"{middle}\n{low}–{high}"


def _value(moment: "Moment | None", value: float) -> str:
    return percent(value) if moment is not None and moment.is_rate else number(value)

"""From the mappings of a data file to entries, table by table.

Every function reads one table of one file, checks each field and reference, and closes each
mapping, so that a key nobody asked for is a fault.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from simulator.foundation.findings import Allowed
from simulator.registry import entries as e
from simulator.registry.names import Name
from simulator.registry.reading import Fields, Known, Sheet
from simulator.registry.registry import LABELS, Registry
from simulator.registry.translations import in_both

VERSION = 1
"""The `schema_version` this code reads."""

_MONEY = "亿元"
_CNY_PER_MONEY = 10**8
# Words with which a plan is said to address every chain.
_EVERY_CHAIN = ("all", "all_seven")
_ANY_CHAIN = "any"


@dataclass(frozen=True)
class References:
    """What the entries of one file may refer to in the others."""

    documents: Known
    clauses: dict[str, dict[str, e.Clause]]
    metrics: Known
    targets: Known
    levers: Known
    kinds: Known
    channels: Known
    chains: Known
    weaknesses: Known
    places: Known
    actors: Known
    sectors: Known

    @classmethod
    def of(cls, registry: Registry) -> "References":
        """What entries of a loaded registry may be referred to by."""

        def known(table: str) -> Known:
            return Known(LABELS[table], (entry.id for entry in getattr(registry, table)))

        names = [name for name in cls.__dataclass_fields__ if name != "clauses"]
        clauses = {
            document.id: {clause.key: clause for clause in document.clauses}
            for document in registry.documents
        }
        return cls(clauses=clauses, **{name: known(name) for name in names})


def head(sheet: Sheet) -> None:
    """Check the version of a file and that no top-level key was left unread."""
    top = sheet.top
    version = top.integer("schema_version")
    if isinstance(top.data.get("schema_version"), int) and version != VERSION:
        what, what_zh = f"version {version} cannot be read", f"无法读取版本 {version}"
        top.fault("schema_version", what, what_zh, allowed=Allowed.same(str(VERSION)))
    top.close()


def plain(sheet: Sheet, key: str, *, required: bool = True) -> Iterator[tuple[str, Name]]:
    """Ids and names of a table that holds nothing else."""
    for row in sheet.top.rows(key, required=required):
        yield row.identifier(), row.name()
        row.close()


def read_clauses(sheet: Sheet) -> dict[str, dict[str, e.Clause]]:
    """Every clause of every document."""
    found: dict[str, dict[str, e.Clause]] = {}
    for row in sheet.top.rows("documents"):
        id_ = row.identifier()
        clauses = found.setdefault(id_, {})
        for part in row.rows("clauses"):
            clause = e.Clause(id_, part.text("clause"), part.text("name_en"))
            if clause.key in clauses:
                what, what_zh = f"clause {clause.key} occurs twice", f"条款 {clause.key} 重复"
                part.fault("clause", what, what_zh)
            clauses[clause.key] = clause
            part.ignore("name_zh", "seed_line", "seed_line_end")
            part.close()
    return found


def documents(sheet: Sheet, refs: References, city: str) -> Iterator[e.Document]:
    """The plan documents; `city` is the id a city-wide plan gives as its scope."""
    scopes = Known(LABELS["places"], (city, *refs.places.ids))
    for row in sheet.top.rows("documents"):
        id_ = row.identifier()
        row.ignore(
            "cites",
            "clauses",
            "date_issued_basis",
            "document_number_basis",
            "external_metadata",
            "period_end_basis",
            "period_start_basis",
            "seed_file",
            "seed_language",
        )
        document = e.Document(
            id=id_,
            name=row.name("title_zh", "title_en"),
            issuers=tuple(_issuers(row, refs)),
            number=row.text_or_none("document_number"),
            issued=row.day_or_none("date_issued"),
            start=row.day("period_start"),
            end=row.day("period_end"),
            scope=row.choice("scope", get_args(e.Scope)),
            scope_place=row.reference("scope_entity", scopes),
            implements=row.reference_or_none("implements", refs.documents),
            clauses=tuple(refs.clauses.get(id_, {}).values()),
            notes=row.note(),
        )
        if document.end < document.start:
            row.fault("period_end", "the period ends before it starts", "期末早于期初")
        row.close()
        yield document


def _issuers(row: Fields, refs: References) -> Iterator[e.Issuer]:
    for part in row.rows("issuer"):
        actor = part.reference_or_none("actor", refs.actors)
        yield e.Issuer(name=part.name(), actor=actor, role=part.text("role"))
        part.close()


def metrics(sheet: Sheet) -> Iterator[e.Metric]:
    """The quantities that targets speak of."""
    for row in sheet.top.rows("metrics"):
        yield e.Metric(
            id=row.identifier(),
            name=row.name(),
            unit=row.text("unit"),
            flow_or_stock=row.text("flow_or_stock"),
            definition=row.text("definition"),
            model_output=row.text("model_output"),
        )
        row.close()


def targets(
    sheet: Sheet, refs: References, plans: dict[str, e.Document], units: dict[str, str]
) -> Iterator[e.Target]:
    """The targets; `units` are those of the metrics."""
    for row in sheet.top.rows("targets"):
        clause = row.clause(refs.clauses)
        row.ignore("evidence")
        target = e.Target(
            id=row.identifier(),
            name=row.name(),
            document=clause.document,
            clause=clause,
            category=row.choice("class", get_args(e.TargetCategory)),
            metric=row.reference("metric", refs.metrics),
            comparator=row.choice("comparator", get_args(e.Comparator)),
            value=row.number_or_none("value"),
            value_high=row.number_or_none("value_high"),
            unit=row.text("unit"),
            flow_or_stock=row.choice("flow_or_stock", get_args(e.FlowOrStock)),
            deadline=row.day("deadline"),
            deadline_basis=row.choice("deadline_basis", get_args(e.DeadlineBasis)),
            modelled_how=row.choice("modelled_how", get_args(e.ModelledHow)),
            headline=row.flag("headline", default=False),
            wording=row.text("wording"),
            scope=row.choice("scope", get_args(e.Scope)),
            chains=_chains_named(row, "scope_chains", refs, required=False),
            places=row.references("scope_districts", refs.places, required=False),
            actors=row.references("applies_to", refs.actors, required=False),
            lever=row.reference_or_none("lever", refs.levers),
            subset_of=row.reference_or_none("subset_of", refs.targets),
            restates=row.reference_or_none("restates", refs.targets),
            notes=row.note(),
        )
        _check_target(row, target, plans, units)
        row.close()
        yield target


def _check_target(
    row: Fields, target: e.Target, plans: dict[str, e.Document], units: dict[str, str]
) -> None:
    between = target.comparator == "between"
    if between != (target.value_high is not None):
        what = "value_high goes with the comparator between, and only with it"
        row.fault("value_high", what, "value_high 与 comparator: between 须同时出现")
    elif between and (target.value or 0.0) >= (target.value_high or 0.0):
        row.fault("value_high", "value_high is not above value", "value_high 不大于 value")
    if (target.comparator == "qualitative") != (target.value is None):
        what = "a target has a value unless it is qualitative"
        row.fault("value", what, "除定性目标外均须给出数值")
    unit = units.get(target.metric)
    if unit is not None and target.unit and target.unit != unit:
        what = f"unit {target.unit} is not that of metric {target.metric}"
        what_zh = f"单位 {target.unit} 与指标 {target.metric} 不一致"
        row.fault("unit", what, what_zh, allowed=Allowed.same(unit))
    _check_money(row)
    plan = plans.get(target.document)
    if plan is not None and not plan.start <= target.deadline <= plan.end:
        what = f"the deadline lies outside the period of {plan.id}"
        what_zh = f"期限不在 {plan.id} 的规划期内"
        row.fault("deadline", what, what_zh, allowed=Allowed.span(plan.start, plan.end))


def _check_money(row: Fields) -> None:
    """Money is given twice, in 亿元 and in CNY, so that a slip of a factor cannot pass."""
    value, cny = row.number_or_none("value"), row.number_or_none("value_cny")
    if value is None or row.data.get("unit") != _MONEY:
        if cny is not None:
            what = f"value_cny goes with a value in {_MONEY}, and only with it"
            row.fault("value_cny", what, f"value_cny 只与以{_MONEY}计的 value 同用")
        return
    expected = round(value * _CNY_PER_MONEY)
    if cny != expected:
        found = "missing" if cny is None else f"{cny:.0f}"
        found_zh = "缺失" if cny is None else f"为 {cny:.0f}"
        what = f"value_cny is {found}; {value:g} {_MONEY} are {expected} CNY"
        row.fault("value_cny", what, f"value_cny {found_zh}；{value:g} {_MONEY}应为 {expected} 元")


def ambiguities(
    sheet: Sheet, refs: References, targets: Sequence[e.Target]
) -> Iterator[e.Ambiguity]:
    """The passages that can be read in several ways."""
    for row in sheet.top.rows("ambiguities"):
        id_ = row.identifier()
        name = row.name("name_zh", "description_en")
        documents = row.references("documents", refs.documents)
        about = row.references("targets", refs.targets)
        numbered = [t for t in targets if t.value is not None]
        within = about or tuple(t.id for t in numbered if t.document in documents)
        readings = tuple(_readings(row, refs, within, {t.id: t for t in targets}))
        taken = [reading.key for reading in readings if reading.key and not reading.rules]
        if any(reading.key for reading in readings) and len(taken) != 1:
            row.fault(
                "readings",
                f"{len(taken)} readings with a key have no rules; the one taken has none, the others do",
                f"有键而无 rules 的读法有 {len(taken)} 个；只应有所取的一个",
                allowed=Allowed(
                    "one reading with a key and without rules", "一个有键名而无规则的读法"
                ),
            )
        yield e.Ambiguity(
            id=id_,
            name=name,
            documents=documents,
            targets=about,
            readings=readings,
            recommended_reading=row.text("recommended_reading"),
            model_impact=row.text("model_impact"),
        )
        row.close()


def _readings(
    row: Fields, refs: References, within: Sequence[str], targets: Mapping[str, e.Target]
) -> Iterator[e.Reading]:
    """The readings of one ambiguity: plain texts, and mappings that say how targets are judged."""
    met: set[str] = set()
    for item in row.texts_or_rows("readings"):
        if isinstance(item, str):
            yield e.Reading(key="", name=in_both(item))
            continue
        key = item.identifier("key")
        if key in met:
            item.fault("key", f"reading {key} occurs twice", f"读法 {key} 重复")
        met.add(key)
        rules: dict[str, e.Rule] = {}
        for part in item.rows("rules", required=False):
            about = part.references("targets", refs.targets, required=False) or tuple(within)
            rule = _rule(part, refs)
            part.close()
            for id_ in about:
                _check_rule(part, rule, targets.get(id_), targets)
                if id_ in rules:
                    what = f"reading {key} has two rules for {id_}"
                    part.fault("targets", what, f"读法 {key} 对 {id_} 有两条规则")
                rules[id_] = rule
        yield e.Reading(key=key, name=item.name(), rules=rules)
        item.close()


def _rule(part: Fields, refs: References) -> e.Rule:
    share = part.number_or_none("share")
    if share is not None and not 0.0 < share <= 1.0:
        what, what_zh = f"{share:g} is not a share", f"{share:g} 不是份额"
        part.fault("share", what, what_zh, allowed=Allowed.span(0, 1))
    rule = e.Rule(
        series=part.text_or_none("series"),
        plus=part.references("plus", refs.targets, required=False),
        value=part.number_or_none("value"),
        share=1.0 if share is None else share,
        range=part.choice_or("range", get_args(e.RangeReading), "lower_end"),
        counting=part.choice_or("counting", get_args(e.Counting), "as_registered"),
        at=part.choice_or("at", get_args(e.Moment), "completed_quarter"),
        since=part.day_or_none("since"),
    )
    if rule == e.AS_REGISTERED:
        part.fault("", "a rule that changes nothing", "规则没有改变任何判断")
    return rule


def _check_rule(
    part: Fields, rule: e.Rule, target: e.Target | None, targets: Mapping[str, e.Target]
) -> None:
    """A rule must fit the target that it judges; an unknown target is noted elsewhere."""
    if target is None:
        return
    if target.value is None:
        what = f"{target.id} has no number to judge"
        part.fault("targets", what, f"{target.id} 没有可供判断的数字")
    if rule.range != "lower_end" and target.comparator != "between":
        part.fault("range", f"{target.id} is not a range", f"{target.id} 不是区间")
    for i, id_ in enumerate(rule.plus):
        other = targets.get(id_)
        if other is not None and (other.unit == _MONEY) != (target.unit == _MONEY):
            what = f"{id_} is in {other.unit} and {target.id} in {target.unit}: they do not add up"
            what_zh = f"{id_} 以{other.unit}计，{target.id} 以{target.unit}计，不能相加"
            part.fault("plus", what, what_zh, at=i)


def levers(sheet: Sheet, refs: References, plans: dict[str, e.Document]) -> Iterator[e.Lever]:
    """The policy levers."""
    for row in sheet.top.rows("levers"):
        clause = row.clause(refs.clauses)
        sized = row.fields("size")
        size, also = _sizes(sized) if sized else (None, ())
        lever = e.Lever(
            id=row.identifier(),
            name=row.name(),
            document=clause.document,
            clause=clause,
            kind=row.reference("kind", refs.kinds),
            size=size,
            also=also,
            start=row.integer("start"),
            end=row.integer("end"),
            period_basis=row.text("period_basis"),
            scope=row.choice("scope", get_args(e.Scope)),
            chains=_chains_named(row, "target_chains", refs) or refs.chains.ids,
            chain_basis=row.text("chain_basis"),
            priority_chains=row.references("priority_chains", refs.chains, required=False),
            places=row.references("target_districts", refs.places),
            sectors=row.references("target_sectors", refs.sectors),
            acts_on=row.references("acts_on", refs.channels),
            mechanism=row.text("mechanism"),
            linked_targets=row.references("linked_targets", refs.targets),
            restates=row.reference_or_none("restates", refs.levers),
            notes=row.note(),
        )
        if lever.end < lever.start:
            row.fault("end", "the lever ends before it starts", "结束年早于开始年")
        plan = plans.get(lever.document)
        if plan is not None and not plan.start.year <= lever.start <= plan.end.year:
            row.fault(
                "start",
                f"the lever starts outside the period of {plan.id}",
                f"开始年不在 {plan.id} 的规划期内",
                allowed=Allowed.span(plan.start.year, plan.end.year),
            )
        row.close()
        yield lever


def _sizes(row: Fields) -> tuple[e.Size, tuple[e.Size, ...]]:
    further = tuple(_size(part) for part in row.rows("also", required=False))
    return _size(row), further


def _size(row: Fields) -> e.Size:
    size = e.Size(
        value=row.number("value"),
        value_high=row.number_or_none("value_high"),
        unit=row.text("unit"),
        what=row.note("what"),
        note=row.note("note"),
    )
    _check_money(row)
    row.close()
    return size


def _chains_named(
    row: Fields, key: str, refs: References, *, required: bool = True
) -> tuple[str, ...]:
    """Chain ids listed under `key`; a word for every chain stands for all of them."""
    if row.data.get(key) in _EVERY_CHAIN:
        row.ignore(key)
        return refs.chains.ids
    return row.references(key, refs.chains, required=required)


def chains(sheet: Sheet, refs: References) -> Iterator[e.Chain]:
    """The chains with their nodes, organisations and places."""
    basis = sheet.top.fields("chain_basis_clause")
    if basis is None:
        what = "the clause that names the chains is missing"
        sheet.top.fault("chain_basis_clause", what, "缺少列出各产业链的条款")
        clause = e.Clause("", "", "")
    else:
        clause = basis.clause(refs.clauses)
        basis.close()
    for row in sheet.top.rows("chains"):
        nodes = tuple(_nodes(row, refs))
        yield e.Chain(
            id=row.identifier(),
            name=row.name(),
            document=clause.document,
            clause=clause,
            order=row.integer("order"),
            nodes=nodes,
            organisations=tuple(_organisations(row, refs)),
            places=tuple(_chain_places(row, refs)),
            leading_firm_support_named=row.flag("leading_firm_support_named", default=False),
            firm_attraction_named=row.flag("firm_attraction_named", default=False),
            notes=row.note(),
        )
        row.close()


def _nodes(chain: Fields, refs: References) -> Iterator[e.Node]:
    met: set[str] = set()
    for row in chain.rows("nodes"):
        clause = row.clause(refs.clauses)
        node = e.Node(
            id=row.identifier(),
            name=row.name(),
            document=clause.document,
            clause=clause,
            position=row.choice("position", get_args(e.Position)),
            basis=row.text("basis"),
        )
        if node.id in met:
            row.fault("id", f"node {node.id} occurs twice in its chain", f"环节 {node.id} 重复")
        met.add(node.id)
        row.close()
        yield node


def _organisations(chain: Fields, refs: References) -> Iterator[e.ChainActor]:
    for row in chain.rows("organisations", required=False):
        clause = row.clause(refs.clauses)
        yield e.ChainActor(
            actor=row.reference("actor", refs.actors),
            document=clause.document,
            clause=clause,
            basis=row.text("basis"),
            why=row.note("why"),
        )
        row.close()


def _chain_places(chain: Fields, refs: References) -> Iterator[e.ChainPlace]:
    for row in chain.rows("districts", required=False):
        clause = row.clause(refs.clauses)
        yield e.ChainPlace(
            place=row.reference("district", refs.places),
            document=clause.document,
            clause=clause,
            basis=row.text("basis"),
        )
        row.close()


def linkages(sheet: Sheet, refs: References) -> Iterator[e.Linkage]:
    """The links among chains."""
    ends = Known(refs.chains.label, (*refs.chains.ids, _ANY_CHAIN))
    for row in sheet.top.rows("linkages"):
        clause = row.clause(refs.clauses)
        source, destination = row.reference("from", ends), row.reference("to", ends)
        yield e.Linkage(
            id=row.identifier(),
            name=row.name(),
            document=clause.document,
            clause=clause,
            source=None if source == _ANY_CHAIN else source,
            destination=None if destination == _ANY_CHAIN else destination,
            kind=row.choice("kind", get_args(e.LinkageKind)),
            basis=row.text("basis"),
        )
        row.close()


def weaknesses(sheet: Sheet, refs: References) -> Iterator[e.Weakness]:
    """The weaknesses the plans admit."""
    for row in sheet.top.rows("weaknesses", required=False):
        clause = row.clause(refs.clauses)
        yield e.Weakness(
            id=row.identifier(),
            name=row.name(),
            document=clause.document,
            clause=clause,
            channel=row.reference("acts_on", refs.channels),
            levers=row.references("addressed_by", refs.levers),
        )
        row.close()


def tracks(sheet: Sheet, refs: References) -> Iterator[e.Track]:
    """The later industry tracks."""
    for row in sheet.top.rows("tracks_2025", required=False):
        clause = row.clause(refs.clauses)
        nodes = []
        for part in row.rows("nodes", required=False):
            nodes.append(part.name())
            part.close()
        yield e.Track(
            id=row.identifier(),
            name=row.name(),
            document=clause.document,
            clause=clause,
            nodes=tuple(nodes),
            chains=tuple(_track_chains(row, refs)),
            notes=row.note(),
        )
        row.close()


def _track_chains(track: Fields, refs: References) -> Iterator[e.TrackChain]:
    for row in track.rows("maps_to"):
        yield e.TrackChain(
            chain=row.reference("chain", refs.chains),
            strength=row.choice("strength", get_args(e.Strength)),
            why=row.note("why"),
        )
        row.close()


def check_chain_file(sheet: Sheet, refs: References) -> None:
    """Check what else the file of chains says."""
    top = sheet.top
    top.ignore("strength_scale")
    _check_count(top, "chain_count", len(refs.chains.ids), refs.chains.label)
    fields = top.fields("alliance_fields")
    if fields is not None:
        fields.clause(refs.clauses)
        for row in fields.rows("fields"):
            row.name()
            row.reference_or_none("chain", refs.chains)
            row.close()
        fields.close()


def _check_count(top: Fields, key: str, count: int, label: Name) -> None:
    """A file may state how many entries it holds, so that a lost one is noticed."""
    stated = top.integer(key) if key in top.data else count
    if stated != count:
        what = f"{key} is {stated}, but the {label.en} entries number {count}"
        top.fault(key, what, f"{key} 为 {stated}，而{label.zh}共有 {count} 项")


def city(sheet: Sheet) -> e.City:
    """The city itself."""
    row = sheet.top.fields("city")
    if row is None:
        sheet.top.fault("city", "the city is missing", "缺少城市")
        return e.City(id="city", name=Name("", ""))
    city = e.City(id=row.identifier(), name=row.name())
    row.close()
    return city


def places(sheet: Sheet, refs: References) -> Iterator[e.Place]:
    """The districts and functional zones."""
    districts = Known(
        Name("行政区", "district"),
        (
            row.identifier()
            for row in _raw(sheet, "districts")
            if row.data.get("kind") == "district"
        ),
    )
    for row in sheet.top.rows("districts"):
        row.ignore("parent_basis")
        place = e.Place(
            id=row.identifier(),
            name=row.name(),
            kind=row.choice("kind", get_args(e.PlaceKind)),
            parent=row.reference_or_none("parent", districts),
            aliases=row.texts("aliases_zh", required=False),
            specialisations=tuple(_specialisations(row, refs)),
            roles=row.texts("roles", required=False),
            documents=row.references("named_in", refs.documents, required=False),
            notes=row.note(),
        )
        if (place.kind == "functional_zone") != (place.parent is not None):
            what = "a functional zone has a parent district, a district has none"
            row.fault("parent", what, "功能区须有上级行政区，行政区则没有")
        row.close()
        yield place


def _specialisations(place: Fields, refs: References) -> Iterator[e.Specialisation]:
    for row in place.rows("specialisations"):
        clause = row.clause(refs.clauses)
        yield e.Specialisation(
            name=row.name(),
            document=clause.document,
            clause=clause,
            role=row.text("role"),
            chains=row.references("chains", refs.chains),
            chain_basis=row.text("chain_basis"),
            levers=row.references("levers", refs.levers),
        )
        row.close()


def regions(sheet: Sheet, refs: References) -> Iterator[e.Region]:
    """The regions outside the city."""
    for row in sheet.top.rows("outside_regions", required=False):
        mentions = []
        for part in row.rows("mentions"):
            mentions.append(part.clause(refs.clauses))
            part.close()
        yield e.Region(
            id=row.identifier(), name=row.name(), mentions=tuple(mentions), role=row.note("role")
        )
        row.close()


def check_place_file(sheet: Sheet, refs: References, places: tuple[e.Place, ...]) -> None:
    """Check what else the file of places says."""
    top = sheet.top
    count = sum(place.kind == "district" for place in places)
    _check_count(top, "district_count", count, LABELS["places"])
    by_id = {place.id: place for place in places}
    listed = top.fields("district_list_2025")
    if listed is not None:
        listed.clause(refs.clauses)
        for row in listed.rows("groups"):
            row.name()
            lever = row.reference("lever", refs.levers)
            for i, area in enumerate(row.references("areas", refs.places)):
                place = by_id.get(area)
                if place and not any(lever in item.levers for item in place.specialisations):
                    what = f"{area} has no specialisation with lever {lever}"
                    row.fault("areas", what, f"{area} 没有带工具 {lever} 的分工", at=i)
            row.close()
        listed.close()
    unnamed = top.fields("never_named")
    if unnamed is not None:
        unnamed.note("note")
        for i, word in enumerate(unnamed.references("districts", refs.places)):
            if word in by_id and by_id[word].documents:
                what = f"{word} is named in {', '.join(by_id[word].documents)}"
                what_zh = f"{word} 见于 {'、'.join(by_id[word].documents)}"
                unnamed.fault("districts", what, what_zh, at=i)
        unnamed.close()


def actors(sheet: Sheet, refs: References) -> Iterator[e.Actor]:
    """The bodies and firms named in the plans."""
    for row in _optional(sheet, "actors"):
        mentions = []
        for part in row.rows("mentions"):
            clause = part.clause(refs.clauses)
            mentions.append(
                e.Mention(document=clause.document, clause=clause, role=part.text("role"))
            )
            part.close()
        yield e.Actor(
            id=row.identifier(),
            name=row.name(),
            kind=row.text("kind"),
            aliases=row.texts("names_in_documents"),
            mentions=tuple(mentions),
            notes=row.note(),
        )
        row.close()


def baselines(sheet: Sheet, refs: References) -> Iterator[e.Baseline]:
    """The conditions and stocks stated for the start."""
    for row in _optional(sheet, "baselines"):
        clause = row.clause(refs.clauses)
        row.references("documents", refs.documents, required=False)
        yield e.Baseline(
            id=row.identifier(),
            name=row.name(),
            document=clause.document,
            clause=clause,
            kind=row.text("kind"),
            value=row.number_or_none("value"),
            unit=row.text_or_none("unit"),
            chains=_chains_named(row, "chains", refs, required=False),
            lever=row.reference_or_none("lever", refs.levers),
            weakness=row.reference_or_none("weakness", refs.weaknesses),
            notes=row.note(),
        )
        _check_money(row)
        row.close()


def numbers(sheet: Sheet, refs: References) -> Iterator[e.Number]:
    """The figures that are no target."""
    for row in _optional(sheet, "numbers"):
        clause = row.clause(refs.clauses)
        found = row.data.get("value")
        value = row.text("value") if isinstance(found, str) else row.number_or_none("value")
        yield e.Number(
            id=row.identifier(),
            document=clause.document,
            clause=clause,
            token=row.text("token"),
            meaning=row.text("meaning"),
            kind=row.text("kind"),
            value=value,
        )
        row.close()


def derived(sheet: Sheet, refs: References) -> Iterator[e.Derived]:
    """Arithmetic on targets."""
    for row in _optional(sheet, "derived"):
        yield e.Derived(
            id=row.identifier(),
            name=row.name(),
            value=row.number("value"),
            unit=row.text("unit"),
            formula=row.text("formula"),
            inputs=row.references("inputs", refs.targets),
            notes=row.note(),
        )
        row.close()


def tasks(sheet: Sheet, refs: References) -> Iterator[e.Task]:
    """The checklist of qualitative items."""
    sheet.known("items", LABELS["tasks"])
    for row in sheet.top.rows("items", required=False):
        clause = row.clause(refs.clauses)
        answers = row.fields("maps_to")
        if answers is None:
            answers = Fields(sheet, (*row.path, "maps_to"), {}, row.label)
            row.fault("maps_to", "maps_to is missing", "缺少 maps_to")
        task = e.Task(
            id=row.identifier(),
            name=row.name(),
            document=clause.document,
            clause=clause,
            type=row.choice("type", get_args(e.TaskType)),
            # Two bodies of 2018 that are one actor today may stand side by side.
            responsible=tuple(
                dict.fromkeys(row.references("responsible", refs.actors, repeats=True))
            ),
            responsible_basis=row.text("responsible_basis"),
            sector=row.reference("sector", refs.sectors),
            due=row.text_or_none("date"),
            quantified=row.flag("quantified"),
            levers=answers.references("levers", refs.levers, required=False),
            metrics=answers.references("metrics", refs.metrics, required=False),
            metrics_via_lever=answers.references("metrics_via_lever", refs.metrics, required=False),
            targets=answers.references("targets", refs.targets, required=False),
            model_role=row.choice("model_role", get_args(e.ModelRole)),
        )
        if row.flag("dated") != (task.due is not None):
            row.fault(
                "date",
                "an item has a date when it is dated, and only then",
                "有期限的条目须给出日期，其余则不",
            )
        answers.close()
        row.close()
        yield task


def _optional(sheet: Sheet, key: str) -> Iterator[Fields]:
    return sheet.top.rows(key, required=False)


def _raw(sheet: Sheet, key: str) -> Iterator[Fields]:
    """Rows with an id, for a first look that notes nothing."""
    rows = sheet.top.data.get(key)
    for i, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, dict) and isinstance(row.get("id"), str):
            yield Fields(sheet, (key, i), row, "")

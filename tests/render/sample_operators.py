"""Which pictures show the operators? One small program for each, one instance of it, and large ones of all together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import attrs

from interpreters.render import Elements, Mark, Progress, Reached, State, Undoing
from tests.render.sample_workflows import (
    RETRY,
    AnyProgram,
    CardDeclined,
    Order,
    OutOfStock,
    function,
    never,
    signal_step,
    step,
)
from wio import (
    Exceeded,
    Fixed,
    Meeting,
    ParentClose,
    Region,
    Rest,
    Retry,
    Task,
    Workflow,
    alongside,
    arrive,
    branch,
    catch,
    checkpoint,
    child,
    compute,
    critical,
    decline,
    during,
    fail,
    first_of,
    for_each,
    gather,
    hold,
    interrupt,
    leave,
    loop,
    machine,
    meet,
    multi_merge,
    new_uuid,
    now,
    on_cancel,
    parallel,
    publish,
    pure,
    race,
    random_number,
    recovered,
    recursive,
    region,
    retrying,
    run_io,
    saga,
    scope,
    set_attributes,
    start_child,
    state,
    task,
    timeout,
    undoable,
    wait,
    when,
)
from wio.machines import Goto

APPROVE = Task("approve", version=2, input=int, output=bool)
ORDER = Region("order", result=str)
CAR = Meeting("car", brings=object, needs={"engine": 1, "wheel": 4})
no_engine = decline(CAR, "engine")


@attrs.frozen
class Sample:
    """Is a program, and what an instance of it did."""

    program: AnyProgram
    progress: Progress


def _instance(program: AnyProgram, state: State, *trace: Any) -> Sample:
    return Sample(program, Progress(tuple(trace), Mark(state)))


def offered(name: str = "approve", **options: Any) -> AnyProgram:
    """Return a step that offers a task."""
    return task(APPROVE, function("request"), name=name, **options)


def going_on(*_: Any) -> Goto[Any]:
    """Stand for the handler of a state that always goes on to another one."""
    return Goto(never(), None)


def going(name: str) -> AnyProgram:
    """Return a step after which a machine always goes on."""
    return run_io(function(name), going_on, name=name)


def _parallel() -> Sample:
    checks = parallel(
        step("reserve") >> step("charge", retry=RETRY),
        when(function("is large"), name="large") >> offered("review"),
        when(function("is foreign"), name="foreign") >> step("customs"),
        join=2,
        name="checks",
    )
    trace = (
        Reached("checks[reserve]"),
        Reached("checks[large]"),
        Reached("checks[reserve]/reserve"),
        Reached("checks[reserve]/charge", State.RETRYING, "attempt 2"),
        Reached("checks[large]/review", State.WAITING, "claimed by ann"),
    )
    return _instance(checks >> step("ship"), State.RUNNING, *trace)


def _multi_merge() -> Sample:
    program = multi_merge(
        step("scan letter"),
        step("read mail") >> step("open attachment"),
        when(function("has fax"), name="fax") >> offered("type fax"),
        each=step("index") >> offered("check", to=function("clerks")),
        name="inbox",
    )
    trace = (
        *(Reached(f"inbox[{name}]") for name in ("scan letter", "read mail", "fax")),
        Reached("inbox[scan letter]/scan letter"),
        Reached("inbox[scan letter]/index"),
        Reached("inbox[scan letter]/check"),
        Reached("inbox[read mail]/read mail"),
        Reached("inbox[read mail]/open attachment"),
        Reached("inbox[read mail]/index"),
        Reached("inbox[read mail]/check", State.WAITING, "claimed by ann"),
        Reached("inbox[fax]/type fax", State.WAITING, "offered"),
    )
    return _instance(program >> step("report"), State.WAITING, *trace)


def _race() -> Sample:
    program = race(step("ask supplier a"), step("ask supplier b") >> step("compare"), name="offers")
    trace = (
        Reached("offers[ask supplier a]"),
        Reached("offers[ask supplier b]"),
        Reached("offers[ask supplier a]/ask supplier a", State.WITHDRAWN),
        Reached("offers[ask supplier b]/ask supplier b"),
        Reached("offers[ask supplier b]/compare"),
        Reached("order", State.RUNNING),
    )
    return _instance(program >> step("order"), State.RUNNING, *trace)


def _for_each() -> Sample:
    program = for_each(
        function("pages"),
        step("fetch") >> step("index", retry=RETRY),
        at_once=3,
        add=signal_step("one more"),
        finish=wait(timedelta(hours=1), name="long enough"),
        element=int,
        name="pages",
    )
    trace: list[Any] = [Reached("pages"), Elements("pages", 12)]
    trace.append(Reached("pages[+1]/one more", State.WAITING, "signal confirm"))
    trace.append(Reached("pages[finish]/long enough", State.WAITING, "until 09:00"))
    for number in range(1, 11):
        trace.append(Reached(f"pages[page {number}]/fetch"))
        if number < 8:
            trace.append(Reached(f"pages[page {number}]/index"))
    trace.append(Reached("pages[page 8]/index", State.RUNNING))
    trace.append(Reached("pages[page 9]/index", State.RUNNING))
    trace.append(Reached("pages[page 10]/fetch", State.RETRYING, "attempt 3"))
    return _instance(step("list") >> program >> step("publish"), State.RUNNING, Reached("list"), *trace)


def _first_of() -> Sample:
    program = first_of(
        signal_step("paid") >> step("ship"), wait(timedelta(days=3), name="patience"), offered("cancel by hand")
    )
    trace = (
        *(Reached(f"first[{name}]") for name in ("paid", "patience", "cancel by hand")),
        Reached("first[patience]/patience", State.WITHDRAWN),
        Reached("first[cancel by hand]/cancel by hand", State.WITHDRAWN),
        Reached("first[paid]/paid"),
        Reached("first[paid]/ship", State.RUNNING),
    )
    return _instance(program >> step("close"), State.RUNNING, *trace)


def _scope() -> Sample:
    program = scope(
        step("reserve") >> offered("pack"),
        interrupt(signal_step("stop"), step("release")),
        alongside(wait(timedelta(days=1), name="reminder"), step("remind")),
        on_cancel(step("tell customer")),
        name="packing",
    )
    trace = (
        Reached("packing"),
        Reached("packing[stop]/stop", State.WAITING, "signal confirm"),
        Reached("packing[reminder]/reminder"),
        Reached("packing/reserve"),
        Reached("packing[reminder]/remind"),
        Reached("packing[reminder#2]/reminder", State.WAITING, "until 09:00"),
        Reached("packing/pack", State.WAITING, "offered"),
    )
    return _instance(program >> step("ship"), State.WAITING, *trace)


def _timeout() -> Sample:
    program = timeout(signal_step("paid") >> step("thank"), timedelta(days=3), step("give up"))
    trace = (
        Reached("timeout[deadline]/deadline"),
        Reached("timeout/paid", State.WITHDRAWN),
        Reached("timeout[deadline]/give up"),
        Reached("close", State.RUNNING),
    )
    return _instance(program >> step("close"), State.RUNNING, *trace)


def _region() -> Sample:
    program = parallel(
        step("a") >> region(ORDER, step("b") >> step("c")) >> step("d"),
        step("watch") >> leave(ORDER, never) >> step("after"),
        region(ORDER, step("early") >> leave(ORDER, never)).named("third"),
    )
    trace = (
        *(Reached(f"parallel[{name}]") for name in ("a", "watch", "third")),
        Reached("parallel[a]/a"),
        Reached("parallel[a]/order/b"),
        Reached("parallel[a]/order/c", State.WITHDRAWN),
        Reached("parallel[watch]/watch"),
        Reached("parallel[third]/third/order/early", State.WITHDRAWN),
        Reached("parallel[a]/d", State.RUNNING),
        Reached("parallel[watch]/after", State.RUNNING),
    )
    return _instance(program, State.RUNNING, *trace)


def _critical() -> Sample:
    program = parallel(
        critical("stock", step("count") >> step("correct")), critical("stock", offered("audit")), step("greet")
    )
    trace = (
        *(Reached(f"parallel[{name}]") for name in ("count", "audit", "greet")),
        Reached("parallel[count]/stock/count"),
        Reached("parallel[count]/stock/correct", State.RUNNING),
        Reached("parallel[audit]/stock", State.WAITING, "lock stock"),
        Reached("parallel[greet]/greet"),
    )
    return _instance(program, State.RUNNING, *trace)


def _milestone() -> Sample:
    program = parallel(
        step("open") >> hold("open for changes", signal_step("close")) >> step("ship"),
        during("open for changes", offered("change address"), pure("too late")) >> step("confirm"),
    )
    trace = (
        Reached("parallel[open]/open"),
        Reached("parallel[open]/open for changes/close"),
        Reached("parallel[change address]/open for changes/change address", State.WITHDRAWN),
        Reached("parallel[change address]/open for changes[otherwise]"),
        Reached("parallel[change address]/confirm"),
        Reached("parallel[open]/ship", State.RUNNING),
    )
    return _instance(program, State.RUNNING, *trace)


def _gather() -> Sample:
    wheels = for_each(function("wheels"), step("make wheel") >> arrive(CAR, "wheel"), element=int, name="wheels")
    engine = branch(when(function("has engine")) >> (step("make engine") >> arrive(CAR, "engine")), default=no_engine)
    program = gather(parallel(wheels, engine), meet(CAR, step("assemble") >> offered("test drive")), name="hall")
    trace: list[Any] = [*(Reached(f"hall/parallel[{name}]") for name in ("wheels", "branch"))]
    trace += [Reached("hall/parallel[wheels]/wheels"), Elements("hall/parallel[wheels]/wheels", 9)]
    trace += [Reached(f"hall/parallel[wheels]/wheels[{number}]/make wheel") for number in range(1, 9)]
    trace += [Reached("hall/parallel[wheels]/wheels[9]/make wheel", State.RUNNING)]
    trace += [Reached("hall/parallel[branch]/branch[has engine]/make engine")]
    trace += [Reached("hall[car]/assemble"), Reached("hall[car]/test drive")]
    trace += [Reached("hall[car#2]/assemble"), Reached("hall[car#2]/test drive", State.WAITING, "offered")]
    return _instance(program >> step("sell"), State.RUNNING, *trace)


def _handlers() -> Sample:
    program = step("reserve") >> step("charge", retry=RETRY)
    program = program.handle_error(catch(CardDeclined, compute(function("apologise"))))
    program = program.handle_error(catch(OutOfStock, step("order") >> fail("too late")))
    program = program.handle_error(catch(str, compute(function("give up"))))
    trace = (
        Reached("reserve", State.FAILED, "OutOfStock"),
        Reached("!OutOfStock/order"),
        Reached("!str"),
        Reached("close", State.RUNNING),
    )
    return _instance(program >> step("close"), State.RUNNING, *trace)


def _paused() -> Sample:
    """Return an instance that is at a whole part: its elements could not be computed."""
    pages = for_each(function("pages of"), step("read", retry=RETRY) >> step("index"), element=int, name="pages")
    problem = "ValueError: the document has no pages, and nobody knows why, as its owner has left; ask somebody else"
    trace = (Reached("scan/list"), Reached("scan/pages", State.PAUSED, problem))
    program = timeout(step("list") >> pages, timedelta(hours=1), name="scan")
    return _instance(program, State.PAUSED, *trace)


def _saga() -> Sample:
    flight, hotel = step("cancel flight"), step("cancel hotel") >> step("refund")
    program = saga(
        undoable(step("book flight"), flight) >> undoable(step("book hotel") >> step("pay"), hotel) >> step("book car"),
        name="booking",
    ).handle_error(step("apologise"))
    trace = (
        Reached("booking/book flight"),
        Reached("booking/book hotel"),
        Reached("booking/pay"),
        Reached("booking/book car", State.FAILED, "SoldOut"),
        Undoing("booking[undo 1]", hotel),
        Reached("booking[undo 1]/cancel hotel"),
        Reached("booking[undo 1]/refund"),
        Undoing("booking[undo 2]", flight),
        Reached("booking[undo 2]/cancel flight", State.RUNNING),
    )
    return _instance(program, State.RUNNING, *trace)


def _machine() -> Sample:
    program = machine(
        state("placed", first_of(signal_step("pay"), signal_step("cancel")), to=("paid", "cancelled"))
        | state("paid", going("pack"), to=("shipped", "packing failed"))
        | state("packing failed", offered("repair"), to=("paid", "packing failed", "cancelled"))
        | state("shipped", signal_step("received"))
        | state("cancelled", step("refund")),
        start="placed",
        name="order",
    )
    trace = (
        Reached("order[placed]"),
        Reached("order[placed]/first[pay]/pay"),
        Reached("order[placed]/first[cancel]/cancel", State.WITHDRAWN),
        Reached("order[paid]/pack"),
        Reached("order[packing failed]/repair"),
        Reached("order[paid#2]/pack", State.RUNNING),
    )
    return _instance(program >> step("archive"), State.RUNNING, *trace)


def _checkpoint() -> Sample:
    polled = loop(step("ask"), until=function("is there"), back=wait(timedelta(hours=1)), name="poll", checkpoint=int)
    states = machine(
        state("open", going("look"), to=("open", "closed")) | state("closed", step("close")),
        start="open",
        name="case",
        checkpoint=int,
    )
    old: AnyProgram = recovered("weigh", event=int, handler=function("weighed"))
    program = old >> checkpoint(step("pack") >> step("label"), result=int, name="packing") >> polled >> states
    trace = (
        Reached("packing/pack"),
        Reached("packing/label"),
        Reached("packing"),
        Reached("poll[1]/ask"),
        Reached("poll[1]/wait"),
        Reached("poll[1]"),
        Reached("poll[2]/ask", State.RUNNING),
    )
    return _instance(program, State.RUNNING, *trace)


def _recursion() -> Sample:
    program = recursive(
        "walk",
        lambda again: (
            step("list") >> branch(when(function("has more")) >> (step("enter") >> again), default=step("count"))
        ),
    )
    prefix, trace = "", []
    for _ in range(5):
        prefix += "walk/"
        trace += [Reached(f"{prefix}list"), Reached(f"{prefix}branch[has more]/enter")]
        prefix += "branch[has more]/"
    trace.append(Reached(f"{prefix}walk/list", State.RUNNING))
    return _instance(program >> step("report"), State.RUNNING, *trace)


def _retrying() -> Sample:
    policy = Retry(attempts=3, backoff=Fixed(timedelta(seconds=10)))
    strict = Retry(
        on=(OSError,), fail_on=(PermissionError,), attempt_timeout=timedelta(minutes=1), exceeded=Exceeded.FAIL
    )
    program = retrying(step("upload", retry=strict) >> step("convert"), policy, function("skipped"))
    trace = (Reached("upload"), Reached("convert", State.RETRYING, "attempt 2"))
    return _instance(program >> step("publish"), State.RETRYING, *trace)


def _steps() -> Sample:
    program = (
        now()
        >> random_number(name="drawn lot")
        >> new_uuid()
        >> publish("lots", str, name="tell")
        >> set_attributes(stage="drawn", lot=function("lot"))
        >> offered(to=function("managers"))
        >> signal_step()
    )
    trace = (
        *map(Reached, ("now", "drawn lot", "new UUID", "tell", "attributes")),
        Reached("approve", State.WAITING, "claimed by ann, since 09:00"),
    )
    return _instance(program, State.WAITING, *trace)


def _child() -> Sample:
    shipping = Workflow("shipping", version=3, input=int, root=step("pack"))
    program = (
        step("order")
        >> start_child(shipping, on_close=ParentClose.WAIT, name="tell")
        >> child(shipping, result=int, error=CardDeclined)
    )
    trace = (
        Reached("order"),
        Reached("tell", State.DONE, "child runs: shop-1:tell"),
        Reached("shipping", State.WAITING, "child shop-1:shipping"),
    )
    return _instance(program, State.WAITING, *trace)


def operators() -> Mapping[str, Sample]:
    """Return a sample for each operator, by its name."""
    return {
        "parallel": _parallel(),
        "multi_merge": _multi_merge(),
        "race": _race(),
        "for_each": _for_each(),
        "first_of": _first_of(),
        "handlers": _handlers(),
        "paused": _paused(),
        "scope": _scope(),
        "timeout": _timeout(),
        "region": _region(),
        "critical": _critical(),
        "milestone": _milestone(),
        "gather": _gather(),
        "saga": _saga(),
        "machine": _machine(),
        "checkpoint": _checkpoint(),
        "recursive": _recursion(),
        "retrying": _retrying(),
        "steps": _steps(),
        "child": _child(),
    }


# Together


def combined_20() -> Workflow[Any, Any, Any]:
    """Return about twenty shapes: a checkout with parallel checks, a timeout and an undo."""
    checks = parallel(
        critical("stock", undoable(step("reserve"), step("release"))),
        when(function("is large"), name="large") >> offered("approve"),
        join=None,
        name="checks",
    )
    payment = timeout(
        first_of(signal_step("card"), signal_step("invoice"), name="payment"),
        timedelta(days=3),
        fail("not paid"),
        name="pay in time",
    )
    packing = for_each(function("parcels"), step("pack") >> step("label"), at_once=5, element=int, name="parcels")
    root = saga(new_uuid(name="number") >> checks >> payment >> packing, name="checkout").handle_error(
        catch(CardDeclined, step("tell customer"))
    )
    return Workflow("checkout", version=1, input=Order, root=root >> step("ship"))


def combined_20_progress() -> Progress:
    """Return an instance of it, in which one parcel is under way and another to be tried again."""
    trace: list[Any] = [Reached("checkout/number"), Reached("checkout/checks[reserve]")]
    trace += [Reached("checkout/checks[reserve]/stock/reserve"), Reached("checkout/checks[large]/approve")]
    trace += [Reached("checkout/pay in time[deadline]/deadline", State.WITHDRAWN)]
    trace += [Reached("checkout/pay in time/payment[card]/card"), Reached("checkout/parcels")]
    trace += [
        Reached("checkout/pay in time/payment[invoice]/invoice", State.WITHDRAWN),
        Elements("checkout/parcels", 9),
    ]
    for number in (1, 2, 3):
        trace += [Reached(f"checkout/parcels[{number}]/pack"), Reached(f"checkout/parcels[{number}]/label")]
    trace += [Reached("checkout/parcels[4]/pack", State.RUNNING)]
    trace += [Reached("checkout/parcels[5]/pack"), Reached("checkout/parcels[5]/label", State.RETRYING, "attempt 2")]
    return Progress(tuple(trace), Mark(State.RETRYING))


def combined_60() -> Workflow[Any, Any, Any]:
    """Return about sixty shapes, in which every operator occurs."""
    stock = critical("stock", undoable(step("reserve"), step("release") >> step("tell stock")))
    checks = parallel(
        stock,
        when(function("is large"), name="large") >> (offered("review") >> offered("approve", to=function("managers"))),
        when(function("is foreign"), name="foreign")
        >> for_each(
            function("papers"),
            step("request") >> signal_step("paper"),
            add=signal_step("more"),
            element=int,
            name="papers",
        ),
        join=2,
        rest=Rest.CANCEL,
        name="checks",
    )
    payment = scope(
        hold(
            "changeable", first_of(signal_step("card"), signal_step("invoice") >> wait(timedelta(days=30), name="term"))
        ),
        interrupt(signal_step("stop"), step("close") >> leave(ORDER, never)),
        alongside(wait(timedelta(days=7), name="reminder"), step("remind")),
        on_cancel(step("log")),
        name="payment",
    )
    change = during("changeable", offered("change address"), pure("as it was"))
    delivery = machine(
        state("packing", step("pack") >> going("label"), to=("travelling", "damaged"))
        | state("travelling", first_of(signal_step("arrived"), signal_step("lost")), to=("there", "damaged"))
        | state("damaged", offered("inspect"), to=("packing",))
        | state("there", step("thank")),
        start="packing",
        name="delivery",
    )
    tree = recursive(
        "notify", lambda again: step("tell") >> branch(when(function("has more")) >> again, default=pure(None))
    )
    archive = retrying(race(step("archive here"), step("archive there")), Retry(attempts=3))
    part = new_uuid(name="number") >> checks >> parallel(payment, change, name="meanwhile")
    whole = saga(part, name="order").handle_error(catch(CardDeclined, step("apologise") >> fail("declined")))
    root = region(ORDER, whole >> delivery >> tree >> archive)
    return Workflow("everything", version=4, input=Order, root=root >> now())


def combined_60_progress() -> Progress:
    """Return an instance of it, in the middle of its payment."""
    at = "order/order"
    trace: list[Any] = [Reached(f"{at}/number"), Reached(f"{at}/checks[reserve]/stock/reserve")]
    trace += [Reached(f"{at}/checks[foreign]/papers"), Elements(f"{at}/checks[foreign]/papers", 2)]
    trace += [Reached(f"{at}/checks[foreign]/papers[a]/request"), Reached(f"{at}/checks[foreign]/papers[b]/request")]
    trace += [Reached(f"{at}/checks[foreign]/papers[+1]/more", State.WITHDRAWN)]
    trace += [Reached(f"{at}/checks[foreign]/papers[a]/paper"), Reached(f"{at}/checks[foreign]/papers[b]/paper")]
    here = f"{at}/meanwhile"
    trace += [Reached(f"{here}[change address]"), Reached(f"{here}[payment]/payment")]
    trace += [Reached(f"{here}[payment]/payment[stop]/stop", State.WAITING, "signal confirm")]
    trace += [Reached(f"{here}[payment]/payment[reminder]/reminder", State.WAITING, "until 09:00")]
    for name in ("card", "invoice"):
        trace += [Reached(f"{here}[payment]/payment/changeable/first[{name}]/{name}", State.WAITING, "signal confirm")]
    trace += [Reached(f"{here}[change address]/changeable/change address", State.WAITING, "offered")]
    return Progress(tuple(trace), Mark(State.WAITING))


def together() -> Mapping[int, tuple[Workflow[Any, Any, Any], Progress]]:
    """Return large workflows, each with an instance, by about how many shapes they have."""
    return {20: (combined_20(), combined_20_progress()), 60: (combined_60(), combined_60_progress())}

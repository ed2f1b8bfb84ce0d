"""Alerts about what is unusual in a file of sales: python unusual.py events.jsonl [MINUTES] > alerts.jsonl

Every minute it looks at the ten minutes before: how many sales there are, how they are divided, what they
cost. Of each figure it learns by how much it differs from its mean of the hour before; a difference of six
standard deviations is unusual (GaussianScorer), and is not learned from. The first day, or so many
MINUTES, is for learning alone.
"""
import collections, datetime, json, math, statistics, sys
from river import anomaly

WINDOW, BEFORE, SIX_DEVIATIONS = 10, 60, 0.999999998
LEARN = int(sys.argv[2]) if len(sys.argv) > 2 else 24 * 60
SHARES = "status", "failure_reason", "payment_method", "state", "brand", "source", "device"

minutes = collections.defaultdict(collections.Counter)  # the events can be in any order
for line in open(sys.argv[1], encoding="utf-8"):
    sale = json.loads(line)
    channel, sums = sale["order_type"], minutes[sale["timestamp"][:16]]
    sums.update({(channel, name, sale[name]): 1 for name in SHARES})
    sums.update({(channel,): 1, (channel, "price"): sale["price"], (channel, "discount"): sale["discount"]})

scorers = collections.defaultdict(lambda: anomaly.GaussianScorer(grace_period=LEARN // 4))
before = collections.defaultdict(lambda: collections.deque(maxlen=BEFORE))
window, alert = collections.deque(maxlen=WINDOW), None
begin, last = (datetime.datetime.fromisoformat(minute + "+00:00") for minute in (min(minutes), max(minutes)))
for n in range((last - begin) // datetime.timedelta(minutes=1) + 1):
    end = begin + datetime.timedelta(minutes=n + 1)
    window.append(minutes[(end - datetime.timedelta(minutes=1)).isoformat()[:16]])
    sums, unusual = sum(window, collections.Counter()), []
    for key in {*sums, *before}:
        events = sums[key[:1]]
        if events < 20 * WINDOW:  # of few sales nothing can be said
            continue
        # The root of a count deviates by the same, however large the count is.
        value = math.sqrt(sums[key] / (events if key[1:] else 1))
        change = value - statistics.fmean(before[key] or [value])
        if len(before[key]) == BEFORE and change:
            if scorers[key].score_one(None, change) > SIX_DEVIATIONS:
                unusual.append(" ".join(key))
                continue
            scorers[key].learn_one(None, change)
        before[key].append(value)
    if not unusual or n < LEARN:
        alert = None
    elif not alert:
        alert = {"from": end.isoformat(), "unusual": sorted(unusual)[:5]}
        print(json.dumps(alert))

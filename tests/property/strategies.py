"""What a history may hold: the values that hypothesis draws from, the frequent ones repeated.

Out: one strategy for each kind of value.
"""

from hypothesis import strategies as st

from schemas.base import CodeType

campaigns = st.sampled_from(["c-0"] * 7 + ["c-1", "c-1", "c-none"])
kinds: st.SearchStrategy[CodeType] = st.sampled_from(["tm", "tm", "external"])
fans = st.sampled_from(["f-0", "f-1"])
quantities = st.sampled_from([1] * 8 + [2, 2, 3, 100])
times_to_live = st.sampled_from([1, 60, 3_600])
numbers = st.integers(0, 30)
delays = st.sampled_from([0, 0, -1, -120, 2])
uses = st.sampled_from([*["new"] * 7, "used"])
"""Whether a request comes under a new id, or under an id that was used before."""
holders = st.sampled_from([*["the holder"] * 5, "f-0", "f-1"])

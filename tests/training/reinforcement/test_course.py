"""What a step draws: every prompt once before any comes again, hard ones as often as was asked."""

from collections import Counter

from tenure.training.reinforcement import course

IDS = [f"p-{k}" for k in range(13)]
HARD = (2, 5, 7, 11)


def test_without_focus_it_deals_what_it_always_dealt():
    for step in range(5):
        assert course.dealt(step, IDS, (), (0, 4), 7) == course.prompts_of(step, IDS, 4, 7)


def test_hard_prompts_fill_their_share_and_each_comes_once_before_any_comes_again():
    steps = [course.dealt(step, IDS, HARD, (2, 3), 0) for step in range(6)]

    assert all(len(set(places)) == 5 for places in steps)
    assert all(sum(place in HARD for place in places) == 2 for places in steps)
    seen = Counter(place for places in steps for place in places)
    assert {seen[place] for place in HARD} == {3}
    assert {seen[place] for place in set(range(13)) - set(HARD)} == {2}

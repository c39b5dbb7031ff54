"""The graph itself: interned nodes, symbolic shapes, text form, stages."""

-- A page's slots and counters, both as of one instant.
-- KEYS[1] box:{ROUND#PAGE}:slots     string  width bytes per viewer, at ordinal * width
-- KEYS[2] box:{ROUND#PAGE}:counters  hash    counter -> integer
-- Returns {slots, {counter, value, ...}}; slots are empty when there are none.
return {redis.call('GET', KEYS[1]) or '', redis.call('HGETALL', KEYS[2])}

-- Lay answers beside their asks, take these away, and forget the oldest answers.
-- KEYS[1] asks:{SHOW}           hash  an ask's id -> the ask, opaque bytes
-- KEYS[2] answers:{SHOW}        hash  an ask's id -> its answer, opaque bytes
-- KEYS[3] answers:{SHOW}:order  list  the ids of these, oldest first
-- ARGV[1] how many answers are kept; then id, answer, id, answer …; an empty answer: the ask is only taken away
-- Returns how many answers there are.
for i = 2, #ARGV, 2 do
  redis.call('HDEL', KEYS[1], ARGV[i])
  if ARGV[i + 1] ~= '' and redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) == 1 then
    redis.call('RPUSH', KEYS[3], ARGV[i])
  end
end
local kept = redis.call('LLEN', KEYS[3])
while kept > tonumber(ARGV[1]) do
  redis.call('HDEL', KEYS[2], redis.call('LPOP', KEYS[3]))
  kept = kept - 1
end
return kept

-- Lay an ask where the notary looks, unless its answer is there already or too many wait.
-- KEYS[1] asks:{SHOW}     hash  an ask's id -> the ask, opaque bytes
-- KEYS[2] answers:{SHOW}  hash  an ask's id -> its answer, opaque bytes
-- ARGV[1] id; ARGV[2] the ask; ARGV[3] how many may wait
-- Returns {"laid"}; again with the same id it takes the place of the one before.
--      or {"answered", answer}: nothing was written
--      or {"full"}: nothing was written.
local answer = redis.call('HGET', KEYS[2], ARGV[1])
if answer then
  return {'answered', answer}
end
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then
  return {'full'}
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return {'laid'}

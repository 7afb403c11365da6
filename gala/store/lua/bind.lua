-- Give an account its number, once.
-- KEYS[1] accounts:{SHOW}      hash    an account's pseudonym, 16 bytes -> its number
-- KEYS[2] accounts:{SHOW}:bits string  a bit a number, the first in the highest bit: it is an account's
-- ARGV[1] pseudonym; ARGV[2] a number that nobody has yet
-- Returns the account's number: the one given, or the one it had before.
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then
  redis.call('SETBIT', KEYS[2], ARGV[2], 1)
  return tonumber(ARGV[2])
end
return tonumber(redis.call('HGET', KEYS[1], ARGV[1]))

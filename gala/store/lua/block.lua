-- Hand out the next block of viewer numbers, and write down when.
-- KEYS[1] numbers:{SHOW}         string  how many were handed out
-- KEYS[2] numbers:{SHOW}:minutes hash    minute (ms, a multiple of 60 000) -> how many of them in it
-- ARGV[1] how many; ARGV[2] the minute
-- Returns the first number after the block.
redis.call('HINCRBY', KEYS[2], ARGV[2], ARGV[1])
return redis.call('INCRBY', KEYS[1], ARGV[1])

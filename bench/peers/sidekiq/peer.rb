# Sidekiq: `ruby peer.rb fill N` pushes N no-op jobs; `sidekiq -r ./peer.rb` drains them.
require 'sidekiq'

Sidekiq.configure_client { |config| config.redis = { url: ENV.fetch('REDIS_URL') } }
Sidekiq.configure_server do |config|
  config.redis = { url: ENV.fetch('REDIS_URL') }
  config.logger.level = Logger::WARN
end

class Noop
  include Sidekiq::Worker
  def perform(_data) = nil
end

if ARGV[0] == 'fill'
  payload = { 'data' => 'x' * (200 - '{"data":""}'.length) }
  Array.new(Integer(ARGV[1]), [payload]).each_slice(1000) do |bulk|
    Sidekiq::Client.push_bulk('class' => Noop, 'args' => bulk)
  end
end
